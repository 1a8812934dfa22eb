"""The order of blocks and windows: every sample once, by hand and compiled the same, and random."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from samebytes.engine.kernels import rng as compiled
from samebytes.plan import block_permutation, permutation, rng
from samebytes.plan.block_permutation import Blocks

SEEDS = st.integers(0, 2**64 - 1)
EPOCHS = st.integers(0, 2**32 - 1)
COUNTS = st.one_of(st.integers(1, 40), st.integers(1, 3000))


def order_of(n, size, window, seed=0, epoch=0):
    return block_permutation.permute(np.arange(n), n, seed, epoch, Blocks(size, window))


# What it is -------------------------------------------------------------------------------


def by_hand(n, size, window, seed, epoch):
    """The same order with lists: cut into blocks, permuted, joined, permuted in windows."""
    blocks = [list(range(k, min(k + size, n))) for k in range(0, n, size)]
    count, whole = len(blocks), n // size
    order = permutation.permute(np.arange(whole), whole, seed, epoch, 0xFFFC) if whole else []
    permuted = [blocks[k] for k in order]
    if count > whole:
        last = np.array([2**64 - 1], np.uint64)
        (place,) = rng.integers(seed, epoch, last, 0xFFFC, 1, count)[0]
        permuted.insert(place, blocks[-1])
    found = []
    for number, first in enumerate(range(0, count, window)):
        came = [sample for block in permuted[first : first + window] for sample in block]
        found += [came[k] for k in within(number, len(came), seed, epoch)]
    return found


def within(number, size, seed, epoch):
    if size <= 256:
        words = rng.words(seed, epoch, [number], 0xFFFA, size)[0].tolist()
        return sorted(range(size), key=lambda k: (words[k] >> 8, k))
    keys = rng.words(seed, epoch, [number], 0xFFFB, 10)[0]
    rows, columns = map(np.uint64, permutation.sides(size))
    places = []
    for k in range(size):
        place = np.array([k], np.uint64)
        while True:
            place = permutation.encipher(place, keys, rows, columns)
            if place[0] < size:
                break
        places.append(int(place[0]))
    return places


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 600), st.integers(1, 60), st.integers(1, 20), SEEDS, EPOCHS)
def test_it_is_the_order_made_with_lists(n, size, window, seed, epoch):
    assert order_of(n, size, window, seed, epoch).tolist() == by_hand(n, size, window, seed, epoch)


@settings(max_examples=300, deadline=None)
@given(COUNTS, st.integers(1, 4000), st.integers(1, 4000), SEEDS, EPOCHS)
def test_every_sample_comes_once(n, size, window, seed, epoch):
    order = order_of(n, size, window, seed, epoch)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(n))


@settings(max_examples=300, deadline=None)
@given(COUNTS, st.integers(1, 100), st.integers(1, 40), SEEDS, EPOCHS, st.data())
def test_compiled_and_in_any_parts_it_is_the_same(n, size, window, seed, epoch, data):
    order = order_of(n, size, window, seed, epoch)
    positions = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=30)), np.int64)
    start, stop = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    for some in (positions, np.arange(start, stop), np.arange(start, stop)[::-1]):
        for module in (block_permutation, compiled):
            found = module.permute(some, n, seed, epoch, Blocks(size, window))
            np.testing.assert_array_equal(found, order[some])


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 2**62), st.integers(1, 2**63 - 1), st.integers(1, 2**63 - 1), SEEDS, st.data()
)
def test_huge_orders_are_one_to_one_in_no_memory(n, size, window, seed, data):
    size, window = data.draw(st.sampled_from([size, 1 + size % 1000])), 1 + window % 2**32
    drawn = data.draw(st.lists(st.integers(0, n - 1), unique=True, max_size=20))
    positions = np.array(drawn, np.int64)
    found = block_permutation.permute(positions, n, seed, 3, Blocks(size, window))
    assert ((found >= 0) & (found < n)).all()
    assert len(np.unique(found)) == len(positions)
    again = compiled.permute(positions, n, seed, 3, Blocks(size, window))
    np.testing.assert_array_equal(again, found)


@pytest.mark.parametrize("module", [block_permutation, compiled])
def test_small_windows_far_apart_are_sorted_in_parts(module):
    positions = np.arange(0, 10**9, 10**5)[::-1]
    found = module.permute(positions, 10**9, 1, 2, Blocks(4, 60))
    some = module.permute(positions[::7], 10**9, 1, 2, Blocks(4, 60))
    np.testing.assert_array_equal(found[::7], some)


@pytest.mark.parametrize("module", [block_permutation, compiled])
def test_shape_of_positions_does_not_matter(module):
    for blocks in (None, Blocks(7, 3), Blocks(1, 300)):
        flat = module.permute(np.arange(12), 1000, 5, 6, blocks)
        found = module.permute(np.arange(12, dtype=np.uint8).reshape(3, 4), 1000, 5, 6, blocks)
        np.testing.assert_array_equal(found.ravel(), flat)
        assert module.permute(np.arange(0), 1000, 5, 6, blocks).shape == (0,)
        assert module.permute(3, 1000, 5, 6, blocks) == flat[3]
        with pytest.raises(IndexError, match="below n = 1000, got"):
            module.permute([1000], 1000, 5, 6, blocks)


def test_without_blocks_it_is_the_full_shuffle():
    full = permutation.permute(np.arange(1000), 1000, 1, 2)
    for module in (block_permutation, compiled):
        np.testing.assert_array_equal(module.permute(np.arange(1000), 1000, 1, 2), full)


def test_values_never_change():
    assert order_of(10, 4, 2, 1, 2).tolist() == FROZEN_SORTED
    found = block_permutation.permute([0, 1, 2, 10**6], 10**7, 1, 2, Blocks(100, 64))
    assert found.tolist() == FROZEN_CIPHER


FROZEN_SORTED = [6, 2, 5, 0, 7, 1, 4, 3, 9, 8]
FROZEN_CIPHER = [1297925, 4736345, 4734352, 4616829]


# Statistics. Fixed seeds, so a test that passes passes always; limits at a chance of one in 10,000.


def orders(n, size, window, epochs=2000):
    positions, blocks = np.arange(n), Blocks(size, window)
    return np.array([compiled.permute(positions, n, 11, k, blocks) for k in range(epochs)])


def even(counts, shares=None):
    counts = np.asarray(counts)
    expected = None if shares is None else shares / np.sum(shares) * counts.sum()
    return stats.chisquare(counts, expected).pvalue > 1e-4


@pytest.mark.parametrize(("n", "size"), [(120, 10), (115, 10), (30, 4), (4 * 300, 4), (1203, 4)])
def test_blocks_come_anywhere_equally_often(n, size):
    every = orders(n, size, 1) // size
    found = every[:, ::size]
    count = -(-n // size)
    bins = min(count, 12)
    shares = np.bincount(np.arange(count) * bins // count)
    first = np.bincount(found[:, 0] * bins // count, minlength=bins)
    assert even(first, shares)
    # The short block too, as often at each place as at any other.
    short = np.argmax(every == count - 1, axis=1) // size
    assert even(np.bincount(short * bins // count, minlength=bins), shares)


@pytest.mark.parametrize(("n", "size"), [(50, 10), (45, 10), (44, 10)])
def test_every_order_of_a_few_blocks_is_equally_likely(n, size):
    found = orders(n, size, 1, 6000) // size
    starts = np.concatenate([np.ones((6000, 1), bool), np.diff(found, axis=1) != 0], axis=1)
    texts = found[starts].reshape(-1, 5) @ 10 ** np.arange(5)
    _, counts = np.unique(texts, return_counts=True)
    assert len(counts) == 120
    assert even(counts)


@pytest.mark.parametrize(
    ("size", "window"), [(3, 4), (8, 8), (16, 16), (1, 257), (20, 15), (64, 16), (5, 300)]
)
@pytest.mark.parametrize("lacking", [0, 1])
def test_a_position_holds_any_sample_of_its_window_equally_often(size, window, lacking):
    span = size * window
    found = orders(3 * span - lacking, size, window, 1500)
    # Which of the window's samples: by rank, which needs no knowledge of the blocks.
    ranks = np.argsort(np.argsort(found[:, : span - 1], axis=1), axis=1)
    bins = min(span - 1, 12)
    shares = np.bincount(np.arange(span - 1) * bins // (span - 1))
    for position in (0, 1, span // 2, span - 2):
        assert even(np.bincount(ranks[:, position] * bins // (span - 1), minlength=bins), shares)
    for gap in (1, 2, span // 2):  # and neighbours do not follow each other
        difference = (ranks[:, gap] - ranks[:, 0]) % (span - 1) - 1
        shares_of_two = np.bincount(np.arange(span - 2) * bins // (span - 2), minlength=bins)
        counts = np.bincount(difference * bins // (span - 2), minlength=bins)
        assert even(counts[shares_of_two > 0], shares_of_two[shares_of_two > 0])


@pytest.mark.parametrize(("size", "window"), [(8, 8), (64, 16)])
def test_windows_epochs_and_seeds_do_not_resemble_each_other(size, window):
    span = size * window
    several = [order_of(40 * span, size, window, 3, epoch) for epoch in range(6)]
    several += [order_of(40 * span, size, window, seed, 0) for seed in range(4, 8)]
    for one, other in pairwise(several):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / np.sqrt(40)  # as many as windows
        assert (one == other).sum() < 12  # one on average, as of any two permutations
    ranks = [np.argsort(np.argsort(part)) for part in several[0].reshape(40, span)]
    for one, other in pairwise(ranks):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / np.sqrt(span)


def test_an_epoch_is_mixed_no_farther_than_a_window():
    for n, size, window in ((1000, 10, 5), (99, 100, 3), (640, 64, 10)):
        parts = np.array_split(order_of(n, size, window) // size, max(1, n // (size * window)))
        assert all(len(set(part.tolist())) <= window for part in parts)
