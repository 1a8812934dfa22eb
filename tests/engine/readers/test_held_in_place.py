"""What comes as a whole is read where it came to lie: no byte of it is copied for a block."""

import sys
import threading

import numpy as np
import pytest
from tests.chunked import CountedBytes, lazy, rows_of

import samebytes as sb
from samebytes.engine.readers import chunk_cache
from samebytes.engine.readers.staging import StagingPool
from samebytes.memory.addresses import address_of
from samebytes.memory.lazy import LazyArray

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads by system calls of Linux")


@pytest.fixture
def staged(monkeypatch):
    """Return how much memory was taken for blocks, time by time."""
    found = []
    original = StagingPool.take

    def take(self, nbytes, **options):
        found.append(nbytes)
        return original(self, nbytes, **options)

    monkeypatch.setattr(StagingPool, "take", take)
    return found


def assert_same(dataset, expected):
    for ours, theirs in zip(dataset, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def in_blocks(source, *, crop=True):
    dataset = sb.Dataset.from_tensor_slices(source).shuffle(seed=1, block_size=8, window=3)
    return (dataset.map(sb.RandomCrop(5, 6), seed=2) if crop else dataset).batch(7)


def test_blocks_of_a_file(tmp_path, staged):
    values = rows_of(203, 11, 9, 3)
    np.save(tmp_path / "x.npy", values)
    source = sb.open(tmp_path / "x.npy")
    assert_same(in_blocks(source).with_options(reader="read"), in_blocks(values))
    assert not staged


@pytest.mark.parametrize("dtype", ["uint8", "float32", "complex128"])
def test_chunks_of_whole_rows(dtype, staged):
    values = rows_of(203, 11, 9, 3, dtype=dtype)
    source, chunks = lazy(values, (8, 11, 9, 3))
    assert_same(
        in_blocks(source, crop=dtype != "complex128"), in_blocks(values, crop=dtype != "complex128")
    )
    assert not staged
    assert max(chunks.boxes.values()) == 1


def test_chunks_that_cut_rows_or_windows_are_copied(staged):
    values = rows_of(203, 11, 9, 3)
    source, _ = lazy(values, (8, 6, 9, 3))
    assert_same(in_blocks(source), in_blocks(values))
    assert staged
    staged.clear()
    series = rows_of(203, 4)
    source, _ = lazy(series, (16, 4))

    def windows(of):
        return sb.Dataset.from_tensor_slices(of).window(12, stride=5).batch(9)

    assert_same(windows(source), windows(series))
    assert staged


def test_chunks_beside_a_file_that_is_staged(tmp_path, staged):
    values, labels = rows_of(64, 11, 9, 3), np.arange(64.0)
    np.save(tmp_path / "y.npy", labels)
    source, _ = lazy(values, (8, 11, 9, 3))

    def pairs(first, second):
        dataset = sb.Dataset.from_tensor_slices((first, second)).shuffle(seed=3, block_size=8)
        return dataset.batch(5)

    dataset = pairs(source, sb.open(tmp_path / "y.npy")).with_options(reader="read")
    for ours, theirs in zip(dataset, pairs(values, labels), strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


class Answers(CountedBytes):
    """Ranges that come in memory of their own, which begins so many bytes off."""

    off = 0

    @property
    def has_buffers(self):
        return True

    def fetch(self, starts, sizes):
        found = []
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
            self.ranges.append((start, size))
            room = np.zeros(size + 64, np.uint8)
            begin = -address_of(room) % 32 + self.off
            room[begin : begin + size] = np.frombuffer(self.content, np.uint8)[start : start + size]
            found.append(memoryview(room)[begin : begin + size])
        return found

    def read(self, starts, targets, sizes):
        raise AssertionError


@pytest.mark.parametrize("dtype", ["uint8", "float32", "complex128"])
@pytest.mark.parametrize("off", [0, 1, 8])
def test_answers_of_a_server(dtype, off, staged):
    values = rows_of(203, 4, 5, dtype=dtype)
    source = Answers(values)
    source.off = off
    array = LazyArray(source, values.shape, values.dtype)
    ours, theirs = (
        sb.Dataset.from_tensor_slices(x).shuffle(seed=1).batch(7) for x in (array, values)
    )
    assert_same(ours, theirs)
    assert not staged
    assert sum(size for _, size in source.ranges) >= values.nbytes


def test_an_answer_that_fails_is_the_batch_s_error(staged):
    class Broken(Answers):
        def fetch(self, starts, sizes):
            message = "x.npy: no answer"
            raise sb.FileError(message)

    values = rows_of(40, 4)
    array = LazyArray(Broken(values), values.shape, values.dtype)
    before = threading.active_count()
    with pytest.raises(sb.FileError, match=r"x\.npy: no answer"):
        next(iter(sb.Dataset.from_tensor_slices(array).batch(4)))
    assert threading.active_count() <= before
    assert not staged


def test_chunks_for_which_there_is_no_room_are_copied_from(staged, monkeypatch):
    monkeypatch.setattr(chunk_cache, "available_memory", lambda **_: 3 * 10 * 8 * 40)
    values = rows_of(400, 40)
    source, _ = lazy(values, (8, 40))

    def shuffled(of, **options):
        return sb.Dataset.from_tensor_slices(of).shuffle(seed=1, **options).batch(16)

    assert_same(shuffled(source, block_size=8, window=2), shuffled(values, block_size=8, window=2))
    staged.clear()
    assert_same(shuffled(source), shuffled(values))  # batches of 16 chunks, and room for ten
    assert staged


def test_what_was_held_is_let_go_of():
    cache = chunk_cache.ChunkCache(room=50)
    assert cache.reserve(["a", "b"], 20)
    assert not cache.reserve(["c"], 20)
    assert cache.reserve(["b"], 20)
    cache.let_go(["a", "b"])
    assert cache.reserve(["c"], 20)
    cache.let_go(["b", "c"])
    assert cache.reserve(["d", "e"], 20)
