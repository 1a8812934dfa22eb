"""Chunks for batches: each decoded once while it is needed, and what fails ends in words."""

import gc
import os
import threading
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chunked import CountedChunks, lazy, rows_of
from tests.engine.feeding import no_threads_left, worker_threads

import samebytes as sb
from samebytes.engine.executor import Executor
from samebytes.engine.readers import chunk_cache, registry
from samebytes.memory.lazy import LazyArray

ROWS, CHUNK = 240, 10


@pytest.fixture
def room(monkeypatch):
    """Say how many bytes of chunks are kept."""
    monkeypatch.setattr(chunk_cache, "_open", type(chunk_cache._open)())

    def has(nbytes):
        monkeypatch.setattr(chunk_cache, "room_for_chunks", lambda: nbytes)

    return has


def blocks(array, window, batch=16, **options):
    dataset = sb.Dataset.from_tensor_slices((array, np.arange(len(array))))
    dataset = dataset.shuffle(seed=5, block_size=CHUNK, window=window).batch(batch)
    return dataset.with_options(**options)


def assert_right(batches, values):
    seen = []
    for batch, numbers in batches:
        assert (batch == values[numbers]).all()
        seen += numbers.tolist()
    return seen


@settings(max_examples=25, deadline=None)
@given(
    window=st.integers(1, 6),
    batch=st.integers(1, 50),
    prefetch=st.integers(0, 4),
    threads=st.integers(1, 3),
    width=st.integers(1, 9),
)
def test_in_blocks_each_chunk_is_decoded_once_an_epoch(window, batch, prefetch, threads, width):
    values = rows_of(ROWS, 8, 2)
    array, source = lazy(values, (CHUNK, min(width, 8), 2))
    dataset = blocks(array, window, batch, threads=threads).prefetch(prefetch)
    across = -(-8 // min(width, 8))
    for epoch in range(2):
        seen = assert_right(dataset.iterate(epoch), values)
        assert sorted(seen) == list(range(ROWS))
        assert len(source.boxes) == ROWS // CHUNK * across
        assert set(source.boxes.values()) == {epoch + 1}


def test_room_for_two_windows_is_enough(room, monkeypatch):
    # What is read together, a batch here, and ahead reaches no further than the next window.
    monkeypatch.setattr(registry, "AHEAD_BYTES", 1)
    values = rows_of(ROWS, 16)
    array, source = lazy(values, (CHUNK, 16))
    room(2 * 3 * CHUNK * 16)
    assert_right(blocks(array, 3, 8).prefetch(0).iterate(0), values)
    assert set(source.boxes.values()) == {1}


@pytest.mark.parametrize("nbytes", [0, CHUNK * 16, 3 * CHUNK * 16])
def test_with_less_room_chunks_are_decoded_again_and_right(room, nbytes):
    values = rows_of(ROWS, 16)
    array, source = lazy(values, (CHUNK, 16))
    room(nbytes)
    dataset = sb.Dataset.from_tensor_slices((array, np.arange(ROWS))).shuffle(seed=1).batch(7)
    assert sorted(assert_right(dataset.iterate(0), values)) == list(range(ROWS))
    assert sum(source.boxes.values()) > 2 * len(source.boxes)


def test_in_order_each_chunk_is_decoded_once_with_room_for_few(room):
    values = rows_of(ROWS, 16)
    array, source = lazy(values, (CHUNK, 16))
    room(2 * source.threads * CHUNK * 16)
    dataset = sb.Dataset.from_tensor_slices((array, np.arange(ROWS))).batch(7).prefetch(0)
    assert_right(dataset.iterate(0), values)
    assert set(source.boxes.values()) == {1}


def test_columns_and_targets_of_one_source_share_its_chunks():
    values = rows_of(200, 6, dtype=np.float32)
    array, source = lazy(values, (10, 6))
    dataset = sb.Dataset.from_tensor_slices(array).window(5, horizon=2, columns=[4, 1]).batch(16)
    for number, (x, y) in enumerate(dataset):
        for row in range(len(x)):
            start = 16 * number + row
            assert (x[row] == values[start : start + 5]).all()
            assert (y[row] == values[start + 5 : start + 7, [4, 1]]).all()
    assert set(source.boxes.values()) == {1}


def test_a_crop_decodes_only_the_chunks_that_it_lies_in():
    values = rows_of(20, 64, 64, 3)
    array, source = lazy(values, (10, 16, 16, 3))
    dataset = sb.Dataset.from_tensor_slices(array).map(sb.CenterCrop(16, 32)).batch(5)
    found = np.concatenate(list(dataset))
    assert (found == values[:, 24:40, 16:48]).all()
    assert {starts[1:3] for starts, _ in source.boxes} == {
        (y, x) for y in (16, 32) for x in (16, 32)
    }


def test_what_is_decoded_is_counted_and_told():
    values = rows_of(ROWS, 16)
    array, _ = lazy(values, (CHUNK, 16))
    iterator = sb.Dataset.from_tensor_slices(array).batch(16).iterate(0)
    for _ in iterator:
        pass
    stats = iterator.stats()
    assert (stats.bytes_useful, stats.bytes_asked) == (values.nbytes, values.nbytes)
    assert stats.reader == "read: counted is in no memory: it is stored in chunks of (10, 16)"


@pytest.mark.parametrize("reader", ["map", "ahead", "read"])
def test_another_reader_that_is_asked_for_cannot_be_had(reader):
    values = rows_of(ROWS, 16)
    array, _ = lazy(values, (CHUNK, 16))
    dataset = blocks(array, 3, reader=reader)
    assert_right(dataset, values)
    assert "read: counted is in no memory" in str(dataset)


# ------------------------------------------------------------------------------ what goes wrong


@pytest.mark.parametrize("failing", [0, 1, 7, 23])
@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_comes_once_and_then_nothing_is_left(failing, threads):
    values = rows_of(ROWS, 16)

    class Damaged(CountedChunks):
        def read_box(self, starts, stops):
            if starts[0] == failing * CHUNK:
                message = f"chunk {failing} is damaged"
                raise sb.FileError(message)
            return super().read_box(starts, stops)

    array = LazyArray(Damaged(values, (CHUNK, 16)), values.shape, values.dtype)
    dataset = sb.Dataset.from_tensor_slices((array, np.arange(ROWS))).batch(4)
    batches = iter(dataset.with_options(threads=threads))
    seen = []
    started = time.monotonic()

    def consume():
        for batch, numbers in batches:
            assert (batch == values[numbers]).all()
            seen.append(len(numbers))

    with pytest.raises(sb.FileError, match=f"^chunk {failing} is damaged$"):
        consume()
    assert time.monotonic() - started < 5  # closing waits for no thread that waits for ever
    assert sum(seen) <= failing * CHUNK
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(batches)
    assert no_threads_left()


def test_who_leaves_early_leaves_neither_threads_nor_chunks(room):
    room(1 << 30)
    values = rows_of(ROWS, 16)
    array, source = lazy(values, (CHUNK, 16), seconds=0.002)
    dataset = sb.Dataset.from_tensor_slices(array).shuffle(seed=1).batch(4)
    started = time.monotonic()
    for _ in range(20):
        batches = iter(dataset)
        next(batches)
        batches.close()
    assert time.monotonic() - started < 8
    assert no_threads_left()
    assert source.releases >= 20
    gc.collect()
    # By its type: isinstance asks what a weak reference of anyone else points at.
    caches = [each for each in gc.get_objects() if type(each) is chunk_cache.ChunkCache]
    assert not [cache for cache in caches if cache.nbytes]


def test_a_thread_that_waits_for_bytes_ends_with_the_iterator():
    values = rows_of(ROWS, 16)
    array, source = lazy(values, (CHUNK, 16))
    inside, go = threading.Event(), threading.Event()

    def wait():
        inside.set()
        go.wait(20)

    source.before = wait
    batches = sb.Dataset.from_tensor_slices(array).batch(4).with_options(threads=1).iterate(0)
    thread = threading.Thread(target=lambda: list(batches))
    thread.start()
    assert inside.wait(10)
    closing = threading.Thread(target=batches.close)
    closing.start()
    time.sleep(0.1)
    go.set()
    for each in (closing, thread):
        each.join(5)
        assert not each.is_alive()
    assert no_threads_left()


def test_iterators_side_by_side_and_one_shared_by_threads():
    values = rows_of(ROWS, 16)
    array, _ = lazy(values, (CHUNK, 16))
    dataset = blocks(array, 4)
    several = [dataset.iterate(epoch) for epoch in (0, 1, 0)]
    found = [[], [], []]
    for _ in range(15):
        for place, iterator in enumerate(several):
            batch, numbers = next(iterator)
            assert (batch == values[numbers]).all()
            found[place] += numbers.tolist()
    assert found[0] == found[2]
    assert sorted(found[0]) == sorted(found[1]) == list(range(ROWS))
    shared = dataset.iterate(2)
    seen = []

    def take():
        for batch, numbers in shared:
            assert (batch == values[numbers]).all()
            seen.extend(numbers.tolist())

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(seen) == list(range(ROWS))


def test_nothing_grows_from_epoch_to_epoch():
    values = rows_of(ROWS, 1024)
    array, _ = lazy(values, (CHUNK, 1024))
    dataset = blocks(array, 4)
    for epoch in range(3):
        list(dataset.iterate(epoch))
    gc.collect()
    files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    tracemalloc.start()
    try:
        for epoch in range(3):
            list(dataset.iterate(epoch))
        gc.collect()
        first = tracemalloc.get_traced_memory()[0]
        for epoch in range(30):
            list(dataset.iterate(epoch))
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < first + values.nbytes // 2
    finally:
        tracemalloc.stop()
    assert len(os.listdir("/proc/self/fd")) == files  # noqa: PTH208
    assert not worker_threads()


def test_the_batch_that_is_waited_for_is_read_before_those_ahead_are_looked_at(monkeypatch):
    values = rows_of(ROWS, 16)
    array, source = lazy(values, (CHUNK, 16))
    looked, known, read_jobs = [], [], Executor.read_jobs

    def look(self, segment, place):
        looked.append(place)
        return read_jobs(self, segment, place)

    monkeypatch.setattr(Executor, "read_jobs", look)
    source.before = lambda: known.append(len(looked))
    source.threads = 1
    with sb.Dataset.from_tensor_slices(array).batch(5).prefetch(0).iterate(0) as batches:
        assert (next(batches) == values[:5]).all()
    assert known[0] == 1
