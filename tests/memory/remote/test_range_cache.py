"""What was fetched is kept on disk: never wrong, never mixed, and there for the next one."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from tests.memory.remote.fetching import expected
from tests.memory.remote.servers import cut_after, late, send, shorter_by, status

import samebytes as sb
from samebytes.memory.remote import cache_file, range_cache
from samebytes.memory.remote.cache_file import HEAD_BYTES, first_byte_at
from samebytes.memory.remote.granules import GRANULE_BYTES, bits_for

SHAPE = 400, 5000


@pytest.fixture(scope="module")
def values(served):
    made = expected(SHAPE)
    np.save(served / "cached.npy", made)
    return made


@pytest.fixture
def rows(faulty, values, tmp_path):
    found = sb.open(f"{faulty.url}/cached.npy", cache=tmp_path / "cache")
    assert found[0].any()
    faulty.asked.clear()
    return found


def marks_in(path):
    """Return for each granule whether the cache file says that it is there."""
    bits = np.frombuffer(path.read_bytes(), np.uint8)
    size = SHAPE[0] * SHAPE[1] + 128
    marks = bits[HEAD_BYTES : HEAD_BYTES + len(bits_for(size))]
    return np.unpackbits(marks, bitorder="little")[: -(-size // GRANULE_BYTES)].astype(bool)


def check_marks(path, served):
    """Check that what is marked in a cache file is what the server has."""
    content = (served / "cached.npy").read_bytes()
    kept = path.read_bytes()[first_byte_at(len(content)) :]
    marks = marks_in(path)
    for number in np.flatnonzero(marks).tolist():
        part = slice(number * GRANULE_BYTES, (number + 1) * GRANULE_BYTES)
        assert kept[part] == content[part]
    return int(marks.sum())


def test_a_second_epoch_asks_for_nothing(rows, values, faulty):
    np.testing.assert_array_equal(rows[[7, 100, 200]], values[[7, 100, 200]])
    asked = len(faulty.asked)
    assert asked >= 3
    np.testing.assert_array_equal(rows[[200, 7, 100]], values[[200, 7, 100]])
    assert len(faulty.asked) == asked


def test_requests_are_rounded_out_to_granules(rows, values, faulty):
    np.testing.assert_array_equal(rows[100], values[100])
    start, stop = faulty.asked[0].range
    assert start % GRANULE_BYTES == stop % GRANULE_BYTES == 0
    assert start <= 128 + 100 * 5000 < 128 + 101 * 5000 <= stop
    np.testing.assert_array_equal(rows[399], values[399])
    assert faulty.asked[1].range[1] == 128 + 400 * 5000


def test_the_file_is_sparse(rows, values):
    assert rows[100].any()
    rows.source.release()
    found = rows.source._cache.path.stat()
    assert found.st_size > 2_000_000
    assert found.st_blocks * 512 < 200_000


def test_the_next_process_finds_it(rows, values, faulty, tmp_path):
    np.testing.assert_array_equal(rows[50:60], values[50:60])
    rows.source.release()
    faulty.asked.clear()
    again = sb.open(f"{faulty.url}/cached.npy", cache=tmp_path / "cache")
    np.testing.assert_array_equal(again[50:60], values[50:60])
    assert [each.range for each in faulty.asked] == [(0, 16384)]


def test_what_another_process_has_fetched_is_not_fetched_again(
    rows, values, faulty, tmp_path, monkeypatch
):
    monkeypatch.setattr(range_cache, "LOOK_SECONDS", 0)
    other = sb.open(f"{faulty.url}/cached.npy", cache=tmp_path / "cache")
    assert other.source._cache is not rows.source._cache
    np.testing.assert_array_equal(other[50:60], values[50:60])
    other.source.release()
    np.testing.assert_array_equal(rows[300], values[300])
    rows.source.release()  # which keeps the marks of the other
    faulty.asked.clear()
    np.testing.assert_array_equal(rows[50:60], values[50:60])
    np.testing.assert_array_equal(other[300], values[300])
    assert faulty.asked == []


def test_marks_reach_the_file_only_after_the_disk_has_the_bytes(rows, values, monkeypatch):
    cache, told = rows.source._cache, []
    rows.source.release()
    before = marks_in(cache.path).sum()

    def flushed(file):
        told.append(marks_in(cache.path).sum())
        os.fdatasync(file)

    monkeypatch.setattr(range_cache, "_flush_to_disk", flushed)
    monkeypatch.setattr(range_cache, "FLUSH_SECONDS", 1e9)
    np.testing.assert_array_equal(rows[50:60], values[50:60])
    assert marks_in(cache.path).sum() == before, "nothing is marked before the bytes are flushed"
    rows.source.release()
    assert told == [before]
    assert marks_in(cache.path).sum() > before
    rows.source.release()
    assert told == [before], "nothing new, nothing flushed"


def test_a_disk_that_fails_loses_the_bytes_and_not_the_run(rows, values, faulty, monkeypatch):
    def fail(file):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(range_cache, "_flush_to_disk", fail)
    monkeypatch.setattr(range_cache, "FLUSH_SECONDS", 1e9)
    np.testing.assert_array_equal(rows[50:60], values[50:60])
    with pytest.warns(RuntimeWarning, match=r"cannot take more \(Input/output error\).*cache="):
        rows.source.release()
    faulty.asked.clear()
    np.testing.assert_array_equal(rows[50:60], values[50:60])
    assert faulty.asked, "what may not have reached the disk is fetched again"


def test_a_full_disk_is_told_of_once_and_the_run_goes_on(rows, values, faulty, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.warns(RuntimeWarning, match=r"No space left on device.*Make room"):
        np.testing.assert_array_equal(rows[50:60], values[50:60])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(rows[50:60], values[50:60])
        np.testing.assert_array_equal(rows[0], values[0])


@pytest.mark.parametrize("fault", [status(500), status(403), cut_after(5000), shorter_by(1)])
def test_nothing_wrong_is_kept(rows, values, faulty, served, fault):
    faulty.always = fault
    for low in (50, 200):
        with pytest.raises(sb.FileError):
            rows[low : low + 10]
    rows.source.release()
    faulty.always = None
    check_marks(rows.source._cache.path, served)
    np.testing.assert_array_equal(rows, values)
    rows.source.release()
    assert check_marks(rows.source._cache.path, served) == len(marks_in(rows.source._cache.path))


def test_two_versions_never_mix(nginx, served, tmp_path):
    first, second = np.arange(9000), np.arange(9000) + 7
    np.save(served / "versions.npy", first)
    old = sb.open(f"{nginx}/versions.npy", cache=tmp_path)
    np.testing.assert_array_equal(old[:4000], first[:4000])
    np.save(served / "versions.npy", second)
    os.utime(served / "versions.npy", (1e9, 1e9))
    new = sb.open(f"{nginx}/versions.npy", cache=tmp_path)
    np.testing.assert_array_equal(new, second)
    np.testing.assert_array_equal(old[:4000], first[:4000])
    with pytest.raises(sb.RemoteError, match="it was replaced since"):
        old[5000:]
    assert len(list(tmp_path.iterdir())) == 2


def test_two_objects_of_one_tag_never_mix(nginx, served, tmp_path):
    for folder, start in (("a", 0), ("b", 5)):
        (served / folder).mkdir()
        np.save(served / folder / "x.npy", np.arange(start, start + 3000))
        os.utime(served / folder / "x.npy", (1e9, 1e9))
    first, second = (sb.open(f"{nginx}/{name}/x.npy", cache=tmp_path) for name in "ab")
    assert first.source._identity == second.source._identity
    np.testing.assert_array_equal(first, np.arange(3000))
    np.testing.assert_array_equal(second, np.arange(5, 3005))


def test_two_servers_of_one_name_never_mix(nginx, values, tmp_path, monkeypatch):
    url = "s3://bucket/cached.npy"
    names = set()
    identity = sb.open(f"{nginx}/cached.npy").source._identity
    for server in ("http://a", "http://b"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", server)
        from samebytes.memory.urls import parse_url

        names.add(cache_file._name_of(parse_url(url), identity))
    assert len(names) == 2


@pytest.mark.parametrize("harm", ["cut", "head", "longer"])
def test_a_file_that_others_have_written_is_refused(rows, values, faulty, tmp_path, harm):
    path = rows.source._cache.path
    rows.source.release()
    with path.open("r+b") as file:
        if harm == "cut":
            file.truncate(100_000)
        elif harm == "head":
            file.write(b"other")
        else:
            file.truncate(path.stat().st_size + 1)
    with pytest.raises(sb.FileError, match=r"\.cache is not the cache file.*Delete it"):
        sb.open(f"{faulty.url}/cached.npy", cache=tmp_path / "cache")


def test_a_file_that_is_cut_short_in_use_is_told_of(rows, values):
    np.testing.assert_array_equal(rows[390], values[390])
    with rows.source._cache.path.open("r+b") as file:
        file.truncate(100_000)
    with pytest.raises(sb.WrongSize, match=r"\.cache was cut short while it was in use"):
        rows[390]


def test_a_network_file_system_is_refused(faulty, values, tmp_path, monkeypatch):
    monkeypatch.setattr(cache_file, "filesystem_of", lambda path: "nfs4")
    with pytest.raises(sb.FileError, match=r"is on nfs4, where another machine could see.*a disk"):
        sb.open(f"{faulty.url}/cached.npy", cache=tmp_path / "cache")


def test_a_folder_without_links_is_fine(faulty, values, tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    rows = sb.open(f"{faulty.url}/cached.npy", cache=tmp_path / "cache")
    np.testing.assert_array_equal(rows[3], values[3])
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_many_threads_share_a_cache(rows, values):
    def work(seed):
        order = np.random.default_rng(seed).integers(0, 400, 60).tolist()
        wrong.extend(row for row in order if not (rows[row] == values[row]).all())

    wrong = []
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def start_fetching(url, folder, seed):
    command = [sys.executable, "-m", "tests.memory.remote.fetching", url, str(folder), str(seed)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_and_gone_on_with_again_and_again(faulty, values, served, tmp_path):
    """Each time a process dies in the middle; all that it leaves is right, and is used."""
    faulty.always = slowly = late(0.01)
    random, left = np.random.default_rng(5), 0
    url, folder = f"{faulty.url}/cached.npy", tmp_path / "cache"
    for seed in range(3):
        process = start_fetching(url, folder, seed)
        for _ in range(int(random.integers(2, 6))):
            assert process.stdout.read(1) == ".", process.stderr.read()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        (path,) = folder.glob("*.cache")
        now = check_marks(path, served)
        assert now > left, "what was fetched before is still there, and more is"
        left = now
    faulty.always = send
    faulty.asked.clear()
    assert slowly is not send
    rows = sb.open(url, cache=folder)
    np.testing.assert_array_equal(rows, values)
    data = sum(each.range[1] - each.range[0] for each in faulty.asked[2:])
    assert data <= values.size + GRANULE_BYTES - left * GRANULE_BYTES + 64 * 1024 * 40


def test_several_processes_fetch_into_one_folder(faulty, values, served, tmp_path):
    url, folder = f"{faulty.url}/cached.npy", tmp_path / "cache"
    processes = [start_fetching(url, folder, seed) for seed in (1, 2)]
    for process in processes:
        printed, said = process.communicate(timeout=60)
        assert (process.returncode, printed) == (0, "." * 25), said
    (path,) = folder.iterdir()
    assert check_marks(path, served) == len(marks_in(path))
    faulty.asked.clear()
    np.testing.assert_array_equal(sb.open(url, cache=folder), values)
    assert len(faulty.asked) == 1
