"""`shuffled_copy`: the same file whatever the memory and however often it was interrupted."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.plan.permutation import permute
from samebytes.shuffling import copying
from samebytes.shuffling.sizes import least_memory, sizes_within

ROW = (16, 8)
LEAST = least_memory(512) + 150_000
"""Memory for some hundred rows of 512 bytes."""


@pytest.fixture
def source(tmp_path):
    """Three thousand rows of 512 bytes: many times what `LEAST` holds."""
    values = np.random.default_rng(0).integers(0, 2**31, (3000, *ROW)).astype("int32")
    np.save(tmp_path / "source.npy", values)
    return tmp_path / "source.npy"


def expected(values, seed=5):
    return values[permute(np.arange(len(values)), len(values), seed, 0)]


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


# What it is -------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", [LEAST, 2 * LEAST, 1 << 30, None])
def test_it_is_the_first_epoch_of_a_shuffle_whatever_the_memory(tmp_path, source, memory):
    before = source.read_bytes(), source.stat().st_mtime_ns
    copy = sb.shuffled_copy(source, tmp_path / "copy.npy", seed=5, memory=memory)
    assert isinstance(copy, sb.Array)
    values = np.load(source)
    np.testing.assert_array_equal(copy, expected(values))
    (epoch,) = sb.Dataset.from_tensor_slices(values).shuffle(seed=5).batch(3000).iterate(0)
    np.testing.assert_array_equal(copy, epoch)
    np.save(tmp_path / "numpy.npy", expected(values))
    assert (tmp_path / "copy.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before
    assert names(tmp_path) == ["copy.npy", "numpy.npy", "source.npy"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.integers(0, 400),
    st.sampled_from([(), (3,), (0,), (5, 2)]),
    st.sampled_from(["<i2", ">f8", "u1", "S3", "c16", [("a", "<i4"), ("b", "u1")]]),
    st.integers(0, 2**64 - 1),
    st.integers(1, 300),
)
def test_any_rows_in_any_memory(tmp_path, rows, shape, dtype, seed, held):
    kind = np.dtype(dtype)
    count = rows * int(np.prod(shape, dtype=int))
    noise = np.random.default_rng(1).integers(0, 100, count * kind.itemsize, np.uint8)
    values = np.frombuffer(noise.tobytes(), kind, count).reshape(rows, *shape)
    row = values.itemsize * int(np.prod(shape, dtype=int))
    memory = least_memory(row) + held * (row + 64)
    made = sb.shuffled_copy(values, tmp_path / "x.npy", seed=seed, memory=memory, overwrite=True)
    order = permute(np.arange(rows), rows, seed, 0) if rows else []
    assert (made.dtype, made.shape) == (values.dtype, values.shape)
    assert made.tobytes() == values[order].tobytes()


def test_sources_of_every_kind(tmp_path, source):
    values = np.load(source)
    np.asfortranarray(values[:, :, 0]).tofile(tmp_path / "ignored.bin")
    np.save(tmp_path / "fortran.npy", np.asfortranarray(values))
    values.tofile(tmp_path / "raw.bin")
    mapped = sb.open(source)
    sources = {
        "array": values,
        "str": str(source),
        "mapped": mapped,
        "memmap": np.load(source, mmap_mode="r"),
        "fortran": tmp_path / "fortran.npy",
        "raw": sb.open(tmp_path / "raw.bin", "int32", (-1, *ROW)),
        "parts": sb.concat([mapped[:1000], np.array(values[1000:1003]), mapped[1003:]]),
    }
    for name, one in sources.items():
        copy = sb.shuffled_copy(one, tmp_path / f"{name}.copy", seed=5, memory=LEAST)
        np.testing.assert_array_equal(copy, expected(values), err_msg=name)
    strided = sb.shuffled_copy(mapped[::2, ::-1], tmp_path / "s.npy", seed=5, memory=LEAST)
    np.testing.assert_array_equal(strided, expected(values[::2, ::-1]))


def test_arrays_and_labels_of_one_seed_belong_together(tmp_path):
    images, labels = np.arange(6000).reshape(2000, 3), np.arange(2000)
    x = sb.shuffled_copy(images, tmp_path / "x.npy", seed=2, memory=least_memory(24))
    y = sb.shuffled_copy(labels, tmp_path / "y.npy", seed=2)
    np.testing.assert_array_equal(x[:, 0], 3 * y)
    assert (np.sort(y) == labels).all()
    assert (y != labels).any()


def test_memory_stays_within_the_bound(tmp_path):
    code = """
import resource, sys
import numpy as np, samebytes as sb
folder, memory = sys.argv[1], int(sys.argv[2])
sb.shuffled_copy(np.zeros((300, 8)), folder + "/first.npy", memory=1 << 22)  # imports, compiles
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sb.shuffled_copy(folder + "/source.npy", folder + "/copy.npy", memory=memory)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    np.save(tmp_path / "source.npy", np.zeros((200_000, 1000), np.uint8))
    memory = 40_000_000
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(memory)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) * 1024 < memory + 8_000_000


# Interrupted -------------------------------------------------------------------------------


@pytest.fixture
def run(run_with_tensorflow):
    def run_it(source, target, memory=LEAST, tells=-1, seconds=0.0):
        module = "tests.shuffling.interrupted"
        done = run_with_tensorflow(module, source, target, memory, tells, seconds)
        assert done.returncode == (0 if tells < 0 else -9), done.stderr
        return done

    return run_it


def passes(source):
    """How often progress is told in all."""
    sizes = sizes_within(LEAST, 3000, 512)
    return 1 + -(-3000 // sizes.chunk_rows) + sizes.buckets


@pytest.mark.parametrize("place", [1, 5, 0.4, 0.55, 0.8, -2])
@pytest.mark.parametrize("seconds", [0.0, 100.0])
def test_killed_it_goes_on_where_it_was(run, tmp_path, source, place, seconds):
    total = passes(source)
    tells = int(place * total) if 0 < place < 1 else place % total
    target = tmp_path / "copy.npy"
    run(source, target, tells=tells, seconds=seconds)
    assert not target.exists()
    assert ".copy.npy.unfinished" in names(tmp_path)
    told = []
    copy = sb.shuffled_copy(source, target, seed=5, memory=LEAST, progress=told.append)
    np.testing.assert_array_equal(copy, expected(np.load(source)))
    assert names(tmp_path) == ["copy.npy", "source.npy"]
    assert told[-1].done == told[-1].total
    if seconds == 0.0 and tells > 1:
        assert told[0].resumed == told[0].done > 0
        assert told[0].anew is None


def test_killed_again_and_again(run_with_tensorflow, tmp_path, source):
    target, rounds = tmp_path / "copy.npy", 0
    while not target.exists():
        run_with_tensorflow("tests.shuffling.interrupted", source, target, LEAST, 9)
        rounds += 1
    assert rounds > 3
    np.testing.assert_array_equal(np.load(target), expected(np.load(source)))


def test_more_memory_goes_on_and_less_begins_anew(run, tmp_path, source):
    target = tmp_path / "copy.npy"
    for memory, goes_on in ((2 * LEAST, True), (LEAST - 50_000, False)):
        run(source, target, tells=12)
        told = []
        copy = sb.shuffled_copy(source, target, seed=5, memory=memory, progress=told.append)
        np.testing.assert_array_equal(copy, expected(np.load(source)))
        assert bool(told[0].resumed) == goes_on
        assert told[0].anew == (None if goes_on else "it needs more memory")
        target.unlink()


def test_what_is_of_another_copy_is_not_used(run, tmp_path, source):
    target, values = tmp_path / "copy.npy", np.load(source)
    saved = tmp_path / ".copy.npy.position"

    def again(seed=5, **changes):
        run(source, target, tells=12)
        if changes:
            saved.write_text(json.dumps({**json.loads(saved.read_text()), **changes}))
        told = []
        copy = sb.shuffled_copy(source, target, seed=seed, memory=LEAST, progress=told.append)
        np.testing.assert_array_equal(copy, expected(np.load(source), seed))
        target.unlink()
        assert told[0].resumed == 0
        return told[0].anew

    assert again(seed=6) == "it has the seed 5, not 6"
    assert again(shape=[3000, 8, 16]) == "it is of an array of another shape or dtype"
    assert again(source=[]) == "it is of another source, or of one that was changed since"
    assert again(read=7) == "its position is damaged"
    assert again(filled="x") == (
        "its position cannot be read (the position beside it has filled 'x': expected a list of "
        "counts)"
    )
    run(source, target, tells=12)
    saved.write_bytes(b"\0\1")
    told = []
    sb.shuffled_copy(source, target, seed=5, memory=LEAST, progress=told.append)
    assert told[0].anew.startswith("its position cannot be read (")
    target.unlink()
    run(source, target, tells=12)
    saved.unlink()
    sb.shuffled_copy(source, target, seed=5, memory=LEAST, progress=told.append)
    target.unlink()
    run(source, target, tells=12)
    os.truncate(tmp_path / ".copy.npy.unfinished", 100_000)
    told.clear()
    sb.shuffled_copy(source, target, seed=5, memory=LEAST, progress=told.append)
    assert told[0].anew == "it was cut short"
    np.testing.assert_array_equal(np.load(target), expected(values))


def test_a_source_that_was_changed_in_between_is_copied_anew(run, tmp_path, source):
    target = tmp_path / "copy.npy"
    run(source, target, tells=12)
    values = np.load(source)[::-1]
    np.save(source, values)
    told = []
    copy = sb.shuffled_copy(source, target, seed=5, memory=LEAST, progress=told.append)
    np.testing.assert_array_equal(copy, expected(values))
    assert told[0].anew == "it is of another source, or of one that was changed since"


def test_of_an_array_in_memory_nothing_is_left_behind(tmp_path):
    def stop(now):
        if now.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sb.shuffled_copy(
            np.zeros((3000, 512), np.uint8), tmp_path / "x.npy", memory=LEAST, progress=stop
        )
    assert names(tmp_path) == []


# What goes wrong --------------------------------------------------------------------------


def test_a_file_that_is_there_is_kept_unless_told(tmp_path, source):
    target = tmp_path / "copy.npy"
    target.write_text("mine")
    with pytest.raises(FileExistsError, match=r"copy.npy is there already: give another path, or"):
        sb.shuffled_copy(source, target)
    assert target.read_text() == "mine"
    sb.shuffled_copy(source, target, overwrite=True)
    assert names(tmp_path) == ["copy.npy", "source.npy"]


def test_a_file_that_appears_meanwhile_is_kept_too(tmp_path, source):
    target = tmp_path / "copy.npy"
    with pytest.raises(FileExistsError, match=r"copy.npy is there already"):
        sb.shuffled_copy(source, target, memory=LEAST, progress=lambda _: target.write_text("mine"))
    assert target.read_text() == "mine"


def test_the_source_is_never_the_target(tmp_path, source):
    (tmp_path / "link.npy").symlink_to(source)
    for target in (source, tmp_path / "link.npy"):
        with pytest.raises(ValueError, match="is the source itself, which is only read"):
            sb.shuffled_copy(source, target, overwrite=True)


def test_a_source_cut_short_meanwhile_is_refused_by_name(tmp_path, source):
    def cut(now):
        os.truncate(source, 700_000)

    for one in (source, np.load(source, mmap_mode="r")):
        kept = source.read_bytes()
        with pytest.raises(sb.WrongSize, match=r"source.npy"):
            sb.shuffled_copy(one, tmp_path / "copy.npy", memory=LEAST, progress=cut)
        assert names(tmp_path) == ["source.npy"]
        with source.open("r+b") as file:
            file.write(kept)


def test_a_source_written_to_meanwhile_is_refused(tmp_path, source):
    def change(now):
        with source.open("r+b") as file:
            file.seek(500_000)
            file.write(b"other")

    with pytest.raises(sb.FileError, match=r"was written to while it was copied"):
        sb.shuffled_copy(source, tmp_path / "copy.npy", memory=LEAST, progress=change)
    assert names(tmp_path) == ["source.npy"]


def test_a_source_that_was_replaced_is_refused(tmp_path, source):
    mapped = sb.open(source)
    shutil.copy(source, tmp_path / "other.npy")
    (tmp_path / "other.npy").replace(source)
    with pytest.raises(sb.FileError, match="is another file than the one that was opened"):
        sb.shuffled_copy(mapped, tmp_path / "copy.npy")


def test_two_at_a_time_are_one_too_many(tmp_path, source):
    target = tmp_path / "copy.npy"
    refused = []

    def second(now):
        if not refused:
            with pytest.raises(sb.FileError, match="is being written by another process") as found:
                sb.shuffled_copy(source, target, seed=5, memory=LEAST)
            refused.append(found)

    copy = sb.shuffled_copy(source, target, seed=5, memory=LEAST, progress=second)
    assert refused
    np.testing.assert_array_equal(copy, expected(np.load(source)))


def test_a_copy_that_was_finished_meanwhile_is_left_alone(tmp_path, source, monkeypatch):
    """Another process opens the unfinished file, and locks it when it has its name already."""
    target = tmp_path / "copy.npy"
    opened = os.open

    def slow(path, *how):
        found = opened(path, *how)
        monkeypatch.setattr(copying.os, "open", opened)
        sb.shuffled_copy(source, target, seed=5)
        return found

    (tmp_path / ".copy.npy.unfinished").touch()
    monkeypatch.setattr(copying.os, "open", slow)
    with pytest.raises(sb.FileError, match="is being written by another process"):
        sb.shuffled_copy(source, target, seed=6)
    np.testing.assert_array_equal(np.load(target), expected(np.load(source)))


def test_no_room_is_told_before_anything_is_written(tmp_path, source, monkeypatch):
    monkeypatch.setattr(copying.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 999))
    words = r"copy.npy does not fit on its disk: it takes 1.\d MB more while it is written, and .* "
    with pytest.raises(OSError, match=words + r"has 999 bytes free. Make room and run it again"):
        sb.shuffled_copy(source, tmp_path / "copy.npy", memory=LEAST)
    assert names(tmp_path) == ["source.npy"]


def test_a_disk_that_fills_up_meanwhile(tmp_path, source, monkeypatch):
    """A small file system, where one can be mounted; else writing fails as it would there."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1M", "none", str(small)], capture_output=True
    )
    usage = shutil.disk_usage
    monkeypatch.setattr(copying.shutil, "disk_usage", lambda _: usage(tmp_path))
    if mounted.returncode:
        write = copying.write_at

        def failing(file, place, rows):
            if place > 1_000_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            write(file, place, rows)

        monkeypatch.setattr(copying, "write_at", failing)
    try:
        with pytest.raises(OSError, match="ran out of room") as refused:
            sb.shuffled_copy(source, small / "copy.npy", seed=5, memory=LEAST)
        assert refused.value.errno == errno.ENOSPC
        assert str(refused.value).endswith("Make room and run it again: it goes on where it was")
        if mounted.returncode:
            monkeypatch.setattr(copying, "write_at", write)
        else:
            subprocess.run(["mount", "-o", "remount,size=8M", str(small)], check=True)
        copy = sb.shuffled_copy(source, small / "copy.npy", seed=5, memory=LEAST)
        np.testing.assert_array_equal(copy, expected(np.load(source)))
        del copy
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", "--lazy", str(small)], check=True)


def test_what_cannot_be_is_refused_in_words(tmp_path):
    target = tmp_path / "x.npy"
    with pytest.raises(ValueError, match=r"^shuffled_copy\(memory=1000\): rows of 8.0 kB need 1"):
        sb.shuffled_copy(np.zeros((10, 1000)), target, memory=1000)
    with pytest.raises(ValueError, match=r"^seed -1: expected an integer from 0"):
        sb.shuffled_copy(np.zeros(10), target, seed=-1)
    with pytest.raises(ValueError, match="needs an axis of rows; got a single value"):
        sb.shuffled_copy(np.zeros(()), target)
    np.savez(tmp_path / "two.npz", x=np.zeros(3), y=np.zeros(3))
    with pytest.raises(ValueError, match=r"two.npz holds several arrays \('x', 'y'\): expected"):
        sb.shuffled_copy(tmp_path / "two.npz", target)
    with pytest.raises(FileNotFoundError):
        sb.shuffled_copy(tmp_path / "none.npy", target)
    with pytest.raises(FileNotFoundError):
        sb.shuffled_copy(np.zeros(10), tmp_path / "none" / "x.npy")
    assert names(tmp_path) == ["two.npz"]
