"""What is told of a shuffle in blocks: reads, and blocks in a batch as they are counted."""

import textwrap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import samebytes as sb
from samebytes.plan.mixing import MOST_FACTORS, expected_blocks


def slices(count, shape=(64, 64, 3)):
    return sb.Dataset.from_tensor_slices(np.zeros((count, *shape), np.uint8))


def rows_of(dataset):
    """The two rows below the order, without their names."""
    lines = [line.strip() for line in str(dataset).splitlines()]
    return [line[6:].strip() for line in lines if line.startswith(("reads ", "mixed "))]


def test_a_plan_tells_what_blocks_mean():
    dataset = slices(1000).shuffle(seed=0, block_size=8).take(990).batch(32)
    assert str(dataset) == textwrap.dedent(
        """\
        source    1,000 samples, 12.3 MB
          0       uint8 (64, 64, 3)
        order     shuffle(seed=0, block_size=8, window=64) → take(990): 990 samples
          reads   125 blocks of 8 side by side, 98.3 kB each; read once if memory holds the 6.3 MB of 64 of them
          mixed   a batch of 32 is of about 26 blocks
        one pass  reads 393.2 kB, writes 393.2 kB per batch, once
          0       copied, uint8 (64, 64, 3)
        batch     32 samples, a smaller last batch is kept; 31 batches
        memory    12.2 MB for 31 batches in flight, 31 in a block, plus what you keep"""  # noqa: E501
    )


@pytest.mark.parametrize(("size", "window"), [(8, 8), (3, 20), (64, 4), (1, 300), (300, 2)])
@pytest.mark.parametrize("batch", [1, 16, 50])
def test_a_batch_is_of_as_many_blocks_as_it_says(size, window, batch):
    expected = expected_blocks(batch, size, window)
    dataset = sb.Dataset.from_tensor_slices(np.arange(size * window * 5))
    dataset = dataset.shuffle(seed=1, block_size=size, window=window).batch(batch)
    found = []
    for epoch in range(12):
        with dataset.iterate(epoch) as batches:
            for number, one in enumerate(batches):
                first, last = number * batch, number * batch + batch - 1
                if len(one) == batch and first // (size * window) == last // (size * window):
                    found.append(len(set((one // size).tolist())))
    assert len(found) >= 20
    assert abs(np.mean(found) - expected) <= 5 * np.std(found) / np.sqrt(len(found)) + 1e-3
    rows, told = rows_of(dataset), f"{expected:,.1f}".removesuffix(".0")
    assert rows[1] == f"a batch of {batch} is of about {told} block{'s' * (told != '1')}"


@given(st.integers(1, 200), st.integers(1, 40), st.integers(1, 40))
def test_the_formula_is_that_of_counting(batch, size, window):
    from math import comb

    total = size * window
    batch = min(batch, total)
    exact = window * (1 - comb(total - size, batch) / comb(total, batch))
    assert expected_blocks(batch, size, window) == pytest.approx(exact, rel=1e-9)


def test_of_many_factors_some_stand_for_all():
    batch, size, window = 5 * MOST_FACTORS, 4 * MOST_FACTORS, 40
    total = size * window
    exact = np.exp(np.log1p(-size / (total - np.arange(batch))).sum())
    found = expected_blocks(batch, size, window)
    assert found == pytest.approx(window * (1 - exact), rel=1e-3)
    assert expected_blocks(10**9, 10**9, 10**6) == pytest.approx(10**6, rel=1e-6)


def test_shards_take_from_more_windows():
    whole = slices(10_000, ()).shuffle(seed=0, block_size=10, window=10)
    assert rows_of(whole.batch(50))[1] == "a batch of 50 is of about 10 blocks"
    assert rows_of(whole.shard(10, 3).batch(50))[1] == "a batch of 50 is of about 33.5 blocks"
    assert rows_of(whole.shard(400, 3).batch(50))[1] == "a batch of 25 is of about 25 blocks"
    assert rows_of(whole.shuffle(seed=1).batch(50))[1] == "a batch of 50 is of about 48.9 blocks"


def test_what_lies_apart_gains_nothing():
    shuffled = slices(100).shuffle(seed=1).shuffle(seed=0, block_size=10, window=2)
    told = "10 blocks of 10 that lie apart, since they were shuffled before: nothing is gained"
    assert rows_of(shuffled) == [told]
    drawn = sb.TokenDataset(np.zeros(1000, np.uint16), 8, seed=1)
    if drawn.plan.windows.start_seed is not None:
        (told,) = rows_of(drawn.shuffle(seed=0, block_size=10))
        assert "since they are drawn: nothing is gained" in told


def test_blocks_of_windows_and_of_shards_are_measured_where_they_reach():
    series = sb.Dataset.from_tensor_slices(np.zeros((1000, 4), np.float32))
    windows = series.window(24, stride=2).shuffle(seed=0, block_size=10, window=3)
    assert rows_of(windows)[0].startswith("49 blocks of 10 side by side, 672 bytes each; ")
    sharded = slices(1000, ()).shard(4, 1).shuffle(seed=0, block_size=10, window=3)
    assert rows_of(sharded)[0].startswith("25 blocks of 10 side by side, 37 bytes each; ")


def test_nothing_is_told_where_there_is_nothing_to_tell():
    assert rows_of(slices(10).shuffle(seed=0).batch(2)) == []
    assert rows_of(slices(0).shuffle(seed=0, block_size=4).batch(2)) == []
    assert rows_of(slices(10).batch(2).shuffle(seed=0, block_size=4)) == []
    whole = slices(10).shuffle(seed=0, block_size=1000).batch(4)
    assert rows_of(whole)[1] == "a batch of 4 is of about 1 block"
