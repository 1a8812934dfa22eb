"""What is made ahead has its room: in the epoch, and in memory; what has none is refused first."""

import re

import numpy as np
import pytest
from tests.chunked import lazy
from tests.engine.feeding import no_threads_left

import samebytes as sb
from samebytes.engine import prefetch_limit
from samebytes.engine.prefetch_limit import MOST_AHEAD, blocks_ahead_in_memory
from samebytes.plan.prefetch import UNBATCHED_SAMPLES, blocks_ahead, samples_in

SAMPLES = np.zeros((10, 224, 224, 3), np.uint8)
SAMPLE_BYTES = 224 * 224 * 3


@pytest.fixture
def memory(monkeypatch):
    def has(nbytes):
        monkeypatch.setattr(prefetch_limit, "available_memory", lambda: nbytes)

    return has


def wide(*shape):
    """Samples of any size that take no memory themselves."""
    return sb.Dataset.from_tensor_slices(np.broadcast_to(np.uint8(0), shape))


def upcoming(dataset):
    return blocks_ahead_in_memory(
        dataset.plan, dataset.options.prefetch, dataset.pipeline.executor.block_bytes
    )


@pytest.mark.parametrize("prefetch", [10**9, 2**62])
@pytest.mark.parametrize("repeat", [1, None])
@pytest.mark.parametrize("batch", [None, 1, 4])
def test_a_prefetch_of_millions_gives_its_first_batch(prefetch, repeat, batch):
    dataset = sb.Dataset.from_tensor_slices(np.arange(1000)).repeat(repeat)
    dataset = dataset if batch is None else dataset.batch(batch)
    with dataset.prefetch(prefetch).iterate(0) as batches:
        assert np.ravel(next(batches))[0] == 0
        assert batches.stats().pool_bytes < 1 << 28
    assert no_threads_left()


def test_no_more_is_made_ahead_than_an_epoch_has(memory):
    memory(None)
    few = sb.Dataset.from_tensor_slices(SAMPLES).batch(2).prefetch(10**9)
    assert upcoming(few) <= 5 + 5
    assert upcoming(few.repeat()) == MOST_AHEAD
    assert upcoming(few.take(0)) <= 2


def test_no_more_is_made_ahead_than_memory_holds(memory):
    batches = wide(10**6, 1 << 20).batch(64).prefetch(1000)  # of 64 MiB
    memory(1 << 30)
    assert upcoming(batches) == 16 * 3 // 4 - 2  # numbers beside the bytes take a little
    memory(1 << 27)
    assert upcoming(batches) == 0
    memory(None)
    assert upcoming(batches) == 1000


def test_ordinary_datasets_are_made_ahead_as_ever(memory):
    memory(0)  # nobody asks
    for dataset in (
        sb.Dataset.from_tensor_slices(SAMPLES).repeat(100).batch(32),
        sb.Dataset.from_tensor_slices(SAMPLES).repeat(100),
        sb.Dataset.from_tensor_slices(np.arange(10**5)).batch(32),
    ):
        assert upcoming(dataset) == blocks_ahead(dataset.plan, 2)


def test_blocks_are_of_what_there_is():
    whole = sb.Dataset.from_tensor_slices(SAMPLES).batch(1_000_000)
    (nbytes,) = whole.pipeline.executor.block_bytes
    assert 10 * SAMPLE_BYTES <= nbytes < 10 * SAMPLE_BYTES + 4096
    assert next(iter(whole)).shape == SAMPLES.shape
    assert "writes 1.5 MB per batch" in str(whole)
    few = sb.Dataset.from_tensor_slices(SAMPLES[:3]).batch(2)
    assert few.pipeline.executor.block_bytes[0] < 5 * SAMPLE_BYTES
    lone = sb.Dataset.from_tensor_slices(SAMPLES[:3])
    assert lone.pipeline.executor.block_bytes[0] < 4 * SAMPLE_BYTES


def test_large_single_samples_are_made_one_by_one():
    assert samples_in(wide(100, 1 << 20).plan) == UNBATCHED_SAMPLES
    assert samples_in(wide(100, 1 << 27).plan) == 2
    assert samples_in(wide(100, 1 << 40).plan) == 1


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (
            wide(10**7, 200_000).map(sb.Rescaling(2)).batch(10**6),
            (
                "a batch of 1,000,000 samples would take 800,040,000,000 bytes, but this process "
                "can have only 8,000,000,000; most of it is component 0, float32 (200000,) each. "
                "Make smaller batches, or crop, window or cast the samples to make them smaller"
            ),
        ),
        (
            sb.Dataset.from_tensor_slices(
                {"x": np.broadcast_to(np.uint8(0), (3, 1 << 43)), "y": np.arange(3)}
            ),
            (
                "one sample would take 8,796,093,022,312 bytes, but this process can have only "
                "8,000,000,000; most of it is component x, uint8 (8796093022208,) each. Make "
                "smaller batches, or crop, window or cast the samples to make them smaller"
            ),
        ),
        (
            wide(9, 1 << 40).batch(1).with_format("tensorflow"),
            (
                "a batch of one sample would take 1,099,511,627,816 bytes, but this process can "
                "have only 8,000,000,000; most of it is component 0, uint8 (1099511627776,) each. "
                "Make smaller batches, or crop, window or cast the samples to make them smaller"
            ),
        ),
    ],
)
def test_what_memory_cannot_hold_is_refused_before_it_is_tried(memory, dataset, message):
    memory(8_000_000_000)
    for prefetch in (0, 2, 10**9):
        with pytest.raises(MemoryError, match=f"^{re.escape(message)}$"):
            next(dataset.prefetch(prefetch).iterate(0))
    assert no_threads_left()


def test_endless_batches_of_any_size_are_refused_too():
    endless = wide(10, 1000).repeat().batch(2**62)
    with pytest.raises(MemoryError, match=r"^a batch of 4,611,686,018,427,387,904 samples would"):
        next(endless.iterate(0))


def test_padding_a_series_to_more_than_memory_is_refused():
    windows = wide(10, 8).window(2**50, padding="left").batch(1)
    with pytest.raises(
        MemoryError, match=r"^a batch of one sample would take 9,007,199,254,741,032"
    ):
        next(windows.iterate(0))


def test_beside_decoded_chunks_less_is_made_ahead(memory):
    memory(64 * 200 * SAMPLE_BYTES)
    values = np.broadcast_to(np.uint8(0), (20_000, 224, 224, 3))
    chunked, _ = lazy(values, (10, 224, 224, 3))
    for source, expected in ((values, 46), (chunked, 14)):
        dataset = sb.Dataset.from_tensor_slices(source).batch(200).prefetch(1000)
        assert upcoming(dataset) == expected
