"""Blocks of a shuffle that are read from files as wholes."""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import samebytes as sb
from samebytes.engine.readers import block_fetcher
from samebytes.engine.readers.block_fetcher import BlockFetcher, pieces_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads by system calls of Linux")

VALUES = np.random.default_rng(0).integers(0, 60_000, 20_000).astype(np.uint16)


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "values.npy", VALUES)
    return tmp_path / "values.npy"


@pytest.fixture
def reads(monkeypatch):
    """Return how often each block was read."""
    found: Counter[int] = Counter()
    original = BlockFetcher._bring

    def read(self, number):
        found[number] += 1
        return original(self, number)

    monkeypatch.setattr(block_fetcher.BlockFetcher, "_bring", read)
    return found


def contexts(source):
    windows = sb.Dataset.from_tensor_slices(source).window(32, stride=32, horizon=1, align="each")
    return windows.shuffle(seed=1, block_size=16, window=4).batch(8)


def overlapping(source):
    windows = sb.Dataset.from_tensor_slices(source).window(50, stride=3)
    return windows.shuffle(seed=1, block_size=100, window=4).batch(8)


def leaves(elements):
    return [leaf for each in elements for leaf in (each if isinstance(each, tuple) else (each,))]


@pytest.mark.parametrize("pipeline", [contexts, overlapping])
def test_each_block_is_read_once_and_the_bytes_are_the_same(path, reads, pipeline):
    dataset = pipeline(sb.open(path)).with_options(reader="read")
    for ours, expected in zip(leaves(dataset), leaves(pipeline(VALUES)), strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert set(reads.values()) == {1}
    assert len(reads) == -(-dataset.plan.samples.length // (16 if pipeline is contexts else 100))


def test_a_resumed_epoch_and_shards_of_it_are_the_same(path):
    dataset = contexts(sb.open(path)).with_options(reader="read")
    whole = leaves(dataset.iterate(epoch=3))
    iterator = dataset.iterate(epoch=3)
    for _ in range(5):
        next(iterator)
    again = dataset.iterate()
    again.load_state_dict(iterator.state_dict())
    for ours, expected in zip(leaves(again), whole[10:], strict=True):
        np.testing.assert_array_equal(ours, expected)
    iterator.close()


def test_a_file_that_is_cut_short_is_an_error_in_words(path):
    dataset = contexts(sb.open(path)).with_options(reader="read")
    with path.open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(sb.FileError, match=r"values.npy was cut short while it was mapped"):
        list(dataset)


def test_what_is_changed_in_memory_alone_is_not_read_from_the_file(path):
    changed = sb.open(path, mode="c")
    changed[:] = 7
    mapped = np.load(path, mmap_mode="c")
    mapped[:] = 7
    for source in (changed, mapped):
        for dataset in (contexts(source), sb.Dataset.from_tensor_slices(source).batch(100)):
            (first, *_) = leaves([next(iter(dataset.with_options(reader="read")))])
            assert (first == 7).all()


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 90)), min_size=1, max_size=8),
    st.integers(1, 40),
    st.integers(0, 60),
)
def test_pieces_cover_ranges_and_lie_within_their_blocks(ranges, nbytes, beyond):
    starts, sizes = (np.array(column) for column in zip(*ranges, strict=True))
    targets = np.cumsum(sizes) - sizes
    found = pieces_of(starts, targets, sizes, nbytes, beyond)
    assert (found.sizes > 0).all()
    assert (found.offsets >= 0).all()
    assert (found.offsets + found.sizes <= nbytes + beyond).all()
    bytes_of = np.arange(1000) * 7
    out = np.full(int(sizes.sum()), -1)
    for block, offset, target, size in zip(*found, strict=True):
        assert (out[target : target + size] == -1).all()
        out[target : target + size] = bytes_of[block * nbytes + offset :][:size]
    expected = np.concatenate([bytes_of[start : start + size] for start, size in ranges])
    np.testing.assert_array_equal(out, expected)
