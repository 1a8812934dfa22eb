"""Promise: between source and consumer each output byte is written once, by the pass."""

from __future__ import annotations

import threading
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.engine import executor
from samebytes.memory.pool import Pool


class Writes:
    """Counts how often each cell is written: `fill` into memory of its own, cell by cell."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = {}
        self.real = executor.fill

    def fill(self, job, start, stop):
        self.real(job, start, stop)
        if threading.current_thread().name == "samebytes-warm-up":
            return
        # What this call writes: where two fillings of different memory agree on the bytes.
        written = []
        # Several batches may lie in it, each a little behind the one before; what lies behind the
        # last one is somebody else's.
        sample_bytes = job.out.nbytes // max(len(job.out), 1)
        counts = np.diff(job.ends, prepend=0)
        ends = [k * job.apart + count * sample_bytes for k, count in enumerate(counts)]
        for value in (0, 255):
            memory = np.full(max(ends), value, np.uint8)
            table = job.out_table.copy()
            table[0] = memory.ctypes.data  # the layout stays: packed, with axes in any order
            self.real(job._replace(out_table=table), start, stop)
            written.append(memory)
        with self.lock:
            address = job.out.ctypes.data
            self.counts[address] = self.counts.get(address, 0) + (written[0] == written[1]).astype(
                int
            )


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_cell_once(data):
    count = data.draw(st.integers(1, 12))
    height, width, channels = (data.draw(st.integers(1, most)) for most in (400, 200, 4))
    dataset = sb.Dataset.from_tensor_slices(
        (np.ones((count, height, width, channels), np.uint8), np.arange(count), np.ones((count, 5)))
    ).map(sb.Rescaling(0.5))
    if data.draw(st.booleans()):
        dataset = dataset.map(sb.ChannelsFirst())
    batch = data.draw(st.integers(1, 14))
    dataset = dataset.batch(batch).with_options(threads=data.draw(st.integers(1, 8)))
    writes = Writes()
    with mock.patch.object(executor, "fill", writes.fill):
        kept = list(dataset)  # all of them, so that no two share an address
    assert writes.counts
    arrays = [(array.ctypes.data, array.nbytes) for element in kept for array in element]
    found = 0
    for address, times in writes.counts.items():
        once = np.zeros_like(times)
        for start, nbytes in arrays:
            if address <= start < address + len(times):
                once[start - address :][:nbytes] += 1
                found += 1
        np.testing.assert_array_equal(times, once)
    assert found == len(arrays)


@pytest.mark.parametrize("form", ["numpy", "tensorflow"])
def test_what_is_handed_out_is_the_block_that_was_written(form, monkeypatch):
    if form == "tensorflow":
        tf = pytest.importorskip("tensorflow")
        tf.constant(0)  # the very first call of a process copies
    blocks, real = [], Pool.take

    def take(self):
        block = real(self)
        blocks.append((block.ctypes.data, block.nbytes))
        return block

    monkeypatch.setattr(Pool, "take", take)
    images = np.ones((20, 32, 32, 3), np.uint8)
    dataset = sb.Dataset.from_tensor_slices({"a": images, "b": (np.arange(20.0),)})
    dataset = dataset.map(sb.Rescaling(2.0), on="a").batch(4).with_format(form)
    for element in dataset:
        for leaf in (element["a"], element["b"][0]):
            address = np.asarray(leaf).ctypes.data
            assert any(start <= address < start + nbytes for start, nbytes in blocks)


def test_no_other_memory_of_the_size_of_a_batch():
    """NumPy reports what it allocates to tracemalloc; blocks are mapped and do not count."""
    import tracemalloc

    dataset = (
        sb.Dataset.from_tensor_slices((np.ones((64, 128, 128, 3), np.uint8), np.arange(64)))
        .shuffle(seed=0)
        .map(sb.RandomCrop(120, 120))
        .map(sb.Rescaling(1 / 255))
        .batch(16)
    )
    list(dataset)
    tracemalloc.start()
    try:
        for _ in dataset:
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    batch = 16 * 120 * 120 * 3 * 4
    assert peak < batch / 4
