"""Promise: a file that is cut short while it is read costs an error, and never the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import samebytes as sb
from samebytes.engine import executor
from samebytes.memory import gather
from samebytes.memory.files import MappedFile
from samebytes.plan.boundaries import borders_at_gaps
from samebytes.plan.documents import borders_at_token

RUNS = 40

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="missing pages kill elsewhere")


def child(*arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "PYTHONFAULTHANDLER": ""},
    )


def test_at_any_moment():
    found = child("-m", "tests.promises.cut_short", str(RUNS), "0")
    assert found.returncode == 0, found.stderr[-3000:]
    for kind, seen in json.loads(found.stdout).items():
        assert sum(seen.values()) == RUNS
        assert seen.get("refused", 0) + seen.get("refused at once", 0) > RUNS / 10, (kind, seen)


# What is cut exactly while it is read, and in each way of reading.


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "x.npy", np.full((64, 40, 40, 3), 7, np.uint8))
    return tmp_path / "x.npy"


def usual(path, **options):
    ds = sb.Dataset.from_tensor_slices(sb.open(path)).batch(8).prefetch(0)
    return ds.with_options(threads=1, **options)


def cut_in_fill(monkeypatch, path, size=4096, after=lambda: None):
    real = executor.fill

    def fill(*given):
        os.truncate(path, size)
        real(*given)
        after()

    monkeypatch.setattr(executor, "fill", fill)


@pytest.mark.parametrize("name", ["numpy", "tensorflow"])
def test_the_batch_never_reaches_the_consumer(monkeypatch, path, name):
    if name == "tensorflow":
        pytest.importorskip("tensorflow")
    batches = iter(usual(path).with_format(name))
    next(batches)
    cut_in_fill(monkeypatch, path)
    with pytest.raises(sb.WrongSize) as refusal:
        next(batches)
    assert str(refusal.value).startswith(
        f"{path} was cut short while it was mapped: expected 307,328 bytes, found 4,096 bytes."
    )
    assert list(batches) == []


def test_nor_a_function_of_the_user(monkeypatch, path):
    seen = []
    batches = iter(usual(path).map(lambda x: seen.append(x.min()) or x))
    next(batches)
    cut_in_fill(monkeypatch, path)
    with pytest.raises(sb.WrongSize):
        next(batches)
    assert set(seen) == {7}


def test_what_came_back_meanwhile_is_refused_and_read_anew_by_the_next_epoch(monkeypatch, path):
    content, ds = path.read_bytes(), usual(path)

    def grow_again():
        with path.open("r+b") as file:
            file.write(content)

    with monkeypatch.context() as patched:
        cut_in_fill(patched, path, 0, grow_again)
        with pytest.raises(sb.WrongSize, match="was not complete while it was being read"):
            next(iter(ds))
    assert all((batch == 7).all() for batch in ds)
    os.truncate(path, 4096)
    for _ in range(2):
        with pytest.raises(sb.WrongSize, match="was cut short"):
            next(iter(ds))


def test_two_readers_of_one_file_are_both_told(monkeypatch, path):
    array = sb.open(path)
    readers = [
        iter(sb.Dataset.from_tensor_slices(array).batch(size).prefetch(0)) for size in (4, 8)
    ]
    for reader in readers:
        next(reader)
    cut_in_fill(monkeypatch, path)
    for reader in readers:
        with pytest.raises(sb.WrongSize):
            next(reader)


def test_a_cut_of_the_last_page_alone_is_told(monkeypatch, path):
    """Its missing bytes read as zeros, and no signal comes."""
    batches = usual(path).iterate(0)
    size = path.stat().st_size
    for _ in range(7):
        next(batches)
    cut_in_fill(monkeypatch, path, size - 1)
    with pytest.raises(sb.WrongSize, match=f"found {size - 1:,} bytes"):
        next(batches)


@pytest.fixture
def parts(tmp_path):
    for number in range(50):
        np.save(tmp_path / f"part-{number}.npy", np.full((8, 1000), 7, np.uint8))
    return tmp_path


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("window", [False, True])
def test_a_cut_of_one_of_many_files_is_told_by_the_first_batch_from_it(parts, shuffled, window):
    """In the middle of a page, from where no signal comes."""
    ds = sb.Dataset.from_tensor_slices(sb.open(parts / "part-*.npy"))
    ds = ds.window(2) if window else ds
    rows, each = np.arange(len(ds)), 7 if window else 8
    ds = ds.shuffle(seed=1) if shuffled else ds
    (numbers,) = sb.Dataset.from_tensor_slices(rows).shuffle(seed=1).batch(len(rows))
    wanted = [
        place // 8 for place, n in enumerate(numbers if shuffled else rows) if n // each == 30
    ]
    batches = ds.batch(8).prefetch(0).with_options(threads=1).iterate(0)
    next(batches)
    os.truncate(parts / "part-30.npy", 128 + 4 * 1000)
    good = []
    with pytest.raises(sb.WrongSize, match=r"part-30\.npy was cut short"):
        good.extend((batch == 7).all() for batch in batches)
    assert all(good)
    assert 1 + len(good) <= wanted[0]


def test_of_a_thousand_files_a_batch_asks_those_that_it_reads(tmp_path, monkeypatch):
    for number in range(1000):
        np.save(tmp_path / f"part-{number}.npy", np.zeros((4, 1 << 14), np.uint8))
    asked = []
    size = MappedFile.size
    monkeypatch.setattr(MappedFile, "size", lambda self: asked.append(self) or size(self))
    source = sb.open(tmp_path / "part-*.npy")
    assert asked == []
    labels = np.arange(len(source))
    ds = sb.Dataset.from_tensor_slices((source, labels)).batch(64).prefetch(0)
    batches = ds.with_options(threads=1).iterate(0)
    next(batches)
    asked.clear()
    count = sum(1 for _ in batches)
    assert count == 62
    assert len(asked) <= 17 * count  # of four samples each


def test_a_file_that_was_deleted_or_replaced_is_read_to_the_end(path, tmp_path):
    batches = iter(usual(path))
    next(batches)
    np.save(tmp_path / "other.npy", np.zeros(5))
    (tmp_path / "other.npy").rename(path)
    next(batches)
    path.unlink()
    assert [bool((batch == 7).all()) for batch in batches] == [True] * 6


READERS = {
    "aligned": lambda x: sb.aligned(x, "float32"),
    "aligned, transposed": lambda x: sb.aligned(x.T),
    "as_array": lambda x: sb.as_array(x[::2], copy=True),
    "adapt": lambda x: sb.Normalization.adapt(x),
    "borders at a token": lambda x: borders_at_token(x.reshape(-1), 0),
    "groups": lambda x: sb.Dataset.from_tensor_slices(np.zeros(x.size)).window(
        2, groups=x.reshape(-1)
    ),
    "gaps": lambda x: borders_at_gaps(x.reshape(-1), 5),
    "reference": lambda x: sb.Dataset.from_tensor_slices(x).batch(4).reference(range(64)),
}


@pytest.mark.parametrize("name", READERS)
def test_every_reader_of_ours_survives(monkeypatch, path, name):
    from samebytes.memory.files import hold

    real = hold.Hold.arrays

    def arrays(self):
        found = real(self)
        os.truncate(path, 4096)  # after the last look at its size, before the first byte
        return found

    array = sb.open(path)
    READERS[name](array)
    monkeypatch.setattr(hold.Hold, "arrays", arrays)
    with pytest.raises(sb.WrongSize, match="found 4,096 bytes"):
        READERS[name](array)


def test_a_tensor_of_a_crop_is_gathered_safely(monkeypatch, path):
    pytest.importorskip("tensorflow")
    real, array = gather._gather, sb.open(path)

    def gathering(*given):
        os.truncate(path, 4096)
        real(*given)

    monkeypatch.setattr(gather, "_gather", gathering)
    with pytest.raises(sb.WrongSize, match="found 4,096 bytes"):
        sb.as_tensor(array[:, ::2])


WITHOUT_GUARD = """
import os, sys
import numpy as np, samebytes as sb
from samebytes.memory.files import bus_guard
bus_guard._is_supported = lambda: False
batches = iter(sb.Dataset.from_tensor_slices(sb.open(sys.argv[1])).batch(4).prefetch(0))
assert next(batches).all()
os.truncate(sys.argv[1], 4096)
try:
    next(batches)
except sb.WrongSize as error:
    print(error)
assert not bus_guard.is_available()
"""


def test_without_a_guard_the_size_is_asked_before_every_batch(path):
    found = child("-c", WITHOUT_GUARD, str(path))
    assert found.returncode == 0, found.stderr
    assert "found 4,096 bytes" in found.stdout
