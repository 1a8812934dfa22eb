"""Slices of global batches: those of all processes are the batch of one, whatever the numbers."""

from __future__ import annotations

import functools
import itertools
import random

import numpy as np
import numpy.typing as npt
import pytest

from samebytes.plan.permutation import permute
from samebytes.plan.rank_slice import RankSlice, based_on
from samebytes.plan.samplers import Repeat, Sampler, Sequential, Shuffle, Take

SEED = 7
CASES = 100_000
EPOCHS = 4
"""Located in one call, as the engine may."""


@functools.cache
def order(count: int, epoch: int) -> npt.NDArray[np.int64]:
    """Return the samples of an epoch, in the order that all processes share."""
    return permute(range(count), count, SEED, epoch)


def permuted(positions, count, seed, epoch, blocks):
    """Return what `permute` does, without working it out each time."""
    return order(count, epoch).take(positions)


def batches_of(count: int, size: int, epoch: int, begin: int, pad: bool) -> list[list[int]]:
    """Return what one process alone would be given from sample `begin` on: the oracle.

    Samples that only pad are those from the beginning of the epoch, told by a minus.
    """
    samples, batches = order(count, epoch).tolist(), []
    while begin + size <= count or (pad and begin < count):
        batch = samples[begin : begin + size]
        fill = itertools.islice(itertools.cycle(samples), size - len(batch))
        batches.append(batch + [-1 - sample for sample in fill])
        begin += size
    return batches


def together(source: Sampler, size: int, ranks: int, epochs: list[int], begin: int, pad: bool):
    """Return the batches of some epochs from shared position `begin` on: slice beside slice."""
    slices = []
    for index in range(ranks):
        mine, position = RankSlice(source, size, ranks, index, pad).resumed_at(begin)
        each = np.arange(position, mine.length)
        positions = np.tile(each, len(epochs))
        _, samples = mine.locate(np.repeat(epochs, len(each)), positions, permuted)
        told = np.where(mine.weights(positions) > 0, samples, -1 - samples)
        slices.append(told.reshape(-1, mine.size))
    return np.concatenate(slices, axis=1).tolist()


def test_slices_are_the_batches_of_one_process_in_any_number_from_any_place():
    rng = random.Random(0)  # noqa: S311
    for _ in range(CASES // EPOCHS):
        count, share = rng.randint(1, 60), rng.randint(1, 5)
        ranks = rng.choice((1, 1, 2, 2, 3, 4))
        size, pad = share * ranks, rng.random() < 0.5
        epochs = rng.sample(range(10), EPOCHS)
        # A state of any other batch size, or of a batch of this one.
        begin = rng.randint(0, count)
        begin -= begin % size if rng.random() < 0.5 else 0
        found = together(Shuffle(Sequential(count), SEED), size, ranks, epochs, begin, pad)
        expected = [batches_of(count, size, epoch, begin, pad) for epoch in epochs]
        assert found == list(itertools.chain.from_iterable(expected))


def test_where_it_stands_is_told_alike_by_every_process_and_found_again():
    rng = random.Random(1)  # noqa: S311
    for _ in range(2000):
        count, share, ranks = rng.randint(0, 60), rng.randint(1, 5), rng.randint(1, 4)
        pad, size = rng.random() < 0.5, share * ranks
        begin = rng.randint(0, count)
        told = set()
        for index in range(ranks):
            mine = RankSlice(Sequential(count), size, ranks, index, pad)
            again, position = mine.resumed_at(begin)
            end = count if pad else count // size * size
            assert again.to_global(position) == min(begin, end)
            assert again.start == (begin % size if begin < end else 0)
            told.add(tuple(again.to_global(at) for at in range(0, again.length + 1, again.size)))
        (places,) = told
        for sooner, later in itertools.pairwise(places):
            assert later - sooner in {size, count - sooner}


@pytest.mark.parametrize("pad", [False, True])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11])
def test_every_process_has_equally_many(count, pad):
    lengths = {RankSlice(Sequential(count), 10, 5, index, pad).length for index in range(5)}
    assert lengths == {-(-count // 10) * 2 if pad else count // 10 * 2}


def test_a_batch_larger_than_the_epoch_is_filled_by_going_round():
    found = together(Sequential(3), 8, 4, [0], 0, pad=True)
    assert found == [[0, 1, 2, -1, -2, -3, -1, -2]]


def test_what_never_ends_has_no_padding():
    mine = RankSlice(Repeat(Sequential(5), None), 4, 2, 1, pad=True)
    assert (mine.length, mine.batches) == (None, None)
    epochs, samples = mine.locate(np.zeros(6, np.int64), np.arange(6))
    assert samples.tolist() == [2, 3, 1, 2, 0, 1]
    assert epochs.tolist() == [0, 0, 1, 1, 2, 2]
    assert mine.weights(np.arange(6)).tolist() == [1.0] * 6
    assert mine.to_global(6) == 12


def test_another_source_is_put_below_a_chain():
    chain = Take(Repeat(Sequential(3), 2), 4)
    other = based_on(chain, lambda old: Sequential(old.length - 1))
    assert other == Take(Repeat(Sequential(2), 2), 4)
