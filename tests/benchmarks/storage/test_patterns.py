from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.jobs.job import WrongBatchError
from benchmarks.storage.content import bytes_at
from benchmarks.storage.jobs import JOBS
from benchmarks.storage.patterns.images import InOrder
from benchmarks.storage.patterns.pattern import HEADER, ArrayPattern, Blocks
from benchmarks.storage.ways.numpy import batches_of
from tests.benchmarks.storage.tiny import MEMORY

ARRAYS = {job.key: job.pattern for job in JOBS if job.source == "images"}


@pytest.fixture
def path(sources):
    return sources("images")


def first_batches(pattern, path):
    with pattern.dataset(path, MEMORY).repeat().iterate() as batches:
        return [np.array(next(batches)) for _ in range(2)]


@pytest.mark.parametrize("key", ARRAYS)
def test_ours_and_a_loop_are_right(key, path):
    pattern = ARRAYS[key]
    pattern.check(first_batches(pattern, path), path)
    batches = batches_of(pattern, path)
    pattern.check([next(batches) for _ in range(2)], path)


@pytest.mark.parametrize("key", ARRAYS)
def test_one_wrong_byte_is_seen(key, path):
    pattern = ARRAYS[key]
    batches = first_batches(pattern, path)
    batches[1][-1].reshape(-1).view(np.uint8)[-1] ^= 1
    with pytest.raises(WrongBatchError, match="wrong bytes in the"):
        pattern.check(batches, path)


@pytest.mark.parametrize("key", ARRAYS)
def test_the_wrong_order_is_seen(key, path):
    pattern = ARRAYS[key]
    one, other = first_batches(pattern, path)
    if isinstance(pattern, InOrder):
        with pytest.raises(WrongBatchError, match="in the order of the file"):
            pattern.check([other, one], path)
        return
    with pytest.raises(WrongBatchError, match="expected fresh samples"):
        pattern.check([one, one], path)
    pattern.check([one, other], path)
    ordered = sorted([*one, *other], key=lambda sample: pattern.place(sample, 1 << 40))
    with pytest.raises(WrongBatchError, match="got them in order"):
        pattern.check([np.stack(ordered)], path)


@pytest.mark.parametrize("key", ARRAYS)
def test_bare_ranges_hold_what_samples_do(key, path):
    pattern = ARRAYS[key]
    assert isinstance(pattern, ArrayPattern)
    data = Path(path).read_bytes()[HEADER:]
    starts = next(pattern.offsets(len(data)))[:4]
    for start, expected in zip(
        starts.tolist(), bytes_at(starts, pattern.sample_bytes), strict=True
    ):
        assert data[start : start + pattern.sample_bytes] == expected.tobytes()


def test_blocks_take_an_eighth_of_the_memory():
    blocks = Blocks(16, 1 << 20)
    assert blocks.window(80 << 20) == 10
    assert blocks.window(1 << 40) == 64
    assert blocks.window(1) == 2


def test_in_blocks_an_epoch_needs_every_byte_once(path):
    for key in ("windows-in-blocks", "tokens-in-blocks"):
        pattern = ARRAYS[key]
        dataset = pattern.dataset(path, MEMORY)
        nbytes = Path(path).stat().st_size - HEADER
        assert dataset.length == -(-(nbytes // pattern.sample_bytes) // pattern.batch)
