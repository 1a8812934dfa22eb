from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from samebytes.engine.kernels import rng
from samebytes.plan import permutation

SEEDS = st.integers(0, 2**64 - 1)
EPOCHS = st.integers(0, 2**32 - 1)
SIZES = [1, 2, 3, 255, 256, 257, 258, 1000, 1023, 1024, 1025, 4096, 65536, 65537, 99991]


@pytest.mark.parametrize("n", SIZES)
def test_every_sample_comes_once(n):
    for seed, epoch in ((0, 0), (1, 0), (2**64 - 1, 2**32 - 1)):
        result = permutation.permute(np.arange(n), n, seed, epoch)
        assert result.dtype == np.int64
        np.testing.assert_array_equal(np.sort(result), np.arange(n))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 2**62), SEEDS, EPOCHS, st.data())
def test_compiled_order_is_equal_and_one_to_one(n, seed, epoch, data):
    positions = data.draw(st.lists(st.integers(0, n - 1), unique=True, max_size=20))
    positions = np.array(positions, np.int64)
    result = permutation.permute(positions, n, seed, epoch)
    assert ((result >= 0) & (result < n)).all()
    assert len(np.unique(result)) == len(positions)
    np.testing.assert_array_equal(rng.permute(positions, n, seed, epoch), result)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 2**62) | st.integers(1, 2000), SEEDS, EPOCHS, st.data())
def test_samples_lead_back_to_their_positions(n, seed, epoch, data):
    drawn = data.draw(st.lists(st.integers(0, n - 1), max_size=20))
    positions = np.array(drawn, np.int64)
    for module in (permutation, rng):
        samples = module.permute(positions, n, seed, epoch)
        np.testing.assert_array_equal(module.positions_of(samples, n, seed, epoch), positions)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.int32, np.uint8])
@pytest.mark.parametrize("module", [permutation, rng])
def test_dtype_and_shape_of_positions_do_not_matter(module, dtype):
    positions = np.arange(12).astype(dtype).reshape(3, 4)
    for n in (12, 10**6):
        result = module.permute(positions, n, 5, 6)
        assert result.shape == (3, 4)
        flat = permutation.permute(np.arange(12), n, 5, 6)
        np.testing.assert_array_equal(result.ravel(), flat)
        assert module.permute(positions[:0], n, 5, 6).shape == (0, 4)
        assert module.permute(3, n, 5, 6) == flat[3]


def test_values_never_change():
    assert permutation.permute(np.arange(10), 10, 1, 2).tolist() == FROZEN_TABLE
    assert permutation.permute([0, 1, 2, 10**6], 10**7, 1, 2).tolist() == FROZEN_CIPHER
    assert permutation.permute([0, 2**62 - 1], 2**62, 1, 2).tolist() == FROZEN_LARGE


FROZEN_TABLE = [3, 1, 5, 9, 2, 0, 4, 7, 8, 6]
FROZEN_CIPHER = [9401447, 4030750, 1195890, 2327732]
FROZEN_LARGE = [4135344379447413923, 1148980843256315077]


@pytest.mark.parametrize("n", [0, -1, 2**62 + 1])
def test_sizes_without_an_order_are_refused(n):
    with pytest.raises(ValueError, match=f"n must be from 1 to 2\\*\\*62, got {n}"):
        permutation.permute([0], n, 0, 0)


@pytest.mark.parametrize("position", [-1, 10])
@pytest.mark.parametrize("module", [permutation, rng])
def test_positions_outside_are_refused(module, position):
    with pytest.raises(IndexError, match="below n = 10, got"):
        module.permute([0, position], 10, 0, 0)


def test_positions_that_are_no_integers_are_refused():
    with pytest.raises(TypeError, match="positions must be integers, got float64"):
        permutation.permute([0.5], 10, 0, 0)


# Statistics. Fixed seeds, so a test that passes passes always; limits at a chance of one in 10,000.


@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("vary", ["seed", "epoch"])
def test_every_permutation_of_a_few_is_equally_likely(n, vary):
    rank = {p: k for k, p in enumerate(permutations(range(n)))}
    counts = np.zeros(len(rank), int)
    for k in range(40 * len(rank) + 2000):
        seed, epoch = (k, 0) if vary == "seed" else (0, k)
        counts[rank[tuple(permutation.permute(np.arange(n), n, seed, epoch).tolist())]] += 1
    assert stats.chisquare(counts).pvalue > 1e-4


def shuffles(n, epochs):
    return np.array([permutation.permute(np.arange(n), n, 11, epoch) for epoch in range(epochs)])


@pytest.mark.parametrize("n", [10, 256, 257, 300, 1000, 1024])
def test_every_sample_is_equally_likely_at_every_position(n):
    bins = min(n, 16)
    samples = shuffles(n, 2000)
    for position in (0, 1, n // 2, n - 1):
        counts = np.bincount(samples[:, position] * bins // n, minlength=bins)
        sizes = np.bincount(np.arange(n) * bins // n)
        assert stats.chisquare(counts, sizes / n * len(samples)).pvalue > 1e-4


@pytest.mark.parametrize("n", [10, 256, 257, 300, 1000, 1024])
def test_neighbours_do_not_follow_each_other(n):
    samples = shuffles(n, 2000)
    # A pair of positions: the difference modulo n is anything but 0, equally likely.
    for gap in (1, 2, n // 2):
        difference = (samples[:, gap] - samples[:, 0]) % n - 1
        bins = min(n - 1, 9)
        counts = np.bincount(difference * bins // (n - 1), minlength=bins)
        sizes = np.bincount(np.arange(n - 1) * bins // (n - 1))
        assert stats.chisquare(counts, sizes / (n - 1) * len(samples)).pvalue > 1e-4
    # Within one epoch, too: rank correlation of neighbours over all positions.
    for shuffle in samples[:50]:
        for lag in (1, 2, 3):
            r = np.corrcoef(shuffle[:-lag], shuffle[lag:])[0, 1]
            assert abs(r) < 4.5 / np.sqrt(n) + 1 / n


@pytest.mark.parametrize("n", [256, 257, 1000, 65537])
def test_epochs_and_seeds_do_not_resemble_each_other(n):
    positions = np.arange(n)
    first = [permutation.permute(positions, n, 3, epoch) for epoch in range(40)]
    first += [permutation.permute(positions, n, seed, 0) for seed in range(4, 40)]
    fixed = []
    for one, other in pairwise(first):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / np.sqrt(n)
        fixed.append((one == other).sum())
    # Two independent permutations agree at one position on average (Poisson).
    assert abs(np.sum(fixed) - len(fixed)) < 4 * np.sqrt(len(fixed))


@pytest.mark.parametrize("n", [257, 289, 1000, 4096])
def test_parity_cycles_and_fixed_points_are_those_of_random_permutations(n):
    even, cycles, fixed, rounds = 0, [], [], 400
    for epoch in range(rounds):
        shuffle = permutation.permute(np.arange(n), n, 21, epoch)
        seen, count = np.zeros(n, bool), 0
        for start in range(n):
            if not seen[start]:
                count += 1
                while not seen[start]:
                    seen[start] = True
                    start = shuffle[start]  # follow the cycle
        cycles.append(count)
        fixed.append((shuffle == np.arange(n)).sum())
        even += (n - count) % 2 == 0
    harmonic = (1 / np.arange(1, n + 1)).sum()
    spread = np.sqrt(harmonic - (1 / np.arange(1, n + 1) ** 2).sum())
    assert abs(np.mean(cycles) - harmonic) < 4 * spread / np.sqrt(rounds)
    assert abs(np.mean(fixed) - 1) < 4 / np.sqrt(rounds)
    # 289 = 17 x 17 is the size where the plain square root gives even permutations only.
    assert abs(even - rounds / 2) < 4 * np.sqrt(rounds) / 2


@pytest.mark.parametrize("n", [10**9, 2**40 + 1, 10**18, 2**62])
def test_huge_orders_spread_evenly(n):
    for start in (0, n // 3, n - 4096):
        values = permutation.permute(np.arange(start, start + 4096), n, 5, 9) / n
        assert stats.kstest(values, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 4 / np.sqrt(4096)
        counts = np.histogram2d(values[::2], values[1::2], bins=8, range=[[0, 1], [0, 1]])[0]
        assert stats.chisquare(counts.ravel()).pvalue > 1e-4
