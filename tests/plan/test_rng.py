import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from samebytes.engine.kernels import rng as compiled
from samebytes.plan import rng

SEEDS = st.integers(0, 2**64 - 1)
EPOCHS = st.integers(0, 2**32 - 1)
INDICES = st.lists(st.integers(0, 2**62), max_size=9)

# From Random123's kat_vectors: counter, key, result.
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip


def hexadecimal(text):
    return [np.array([int(word, 16)], np.uint64) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_published_answers(counter, key, expected):
    words = rng.philox(*hexadecimal(counter), *hexadecimal(key))
    assert " ".join(f"{int(word[0]):08x}" for word in words) == expected


def test_words_are_philox_at_the_documented_address():
    seed, epoch, index, stream = 0x299F31D0A4093822, 0x13198A2E, 0x85A308D3243F6A88 >> 2, 0x370
    words = rng.words(seed, epoch, [index], stream, 4)[0]
    for block in range(2):
        counter = [index & 0xFFFFFFFF, index >> 32, epoch, stream << 16 | block]
        counter = [np.array([word], np.uint64) for word in counter]
        key = [np.array([word], np.uint64) for word in (seed & 0xFFFFFFFF, seed >> 32)]
        r = [int(word[0]) for word in rng.philox(*counter, *key)]
        assert int(words[2 * block]) == r[1] << 32 | r[0]
        assert int(words[2 * block + 1]) == r[3] << 32 | r[2]


def test_values_never_change():
    assert rng.words(0, 0, [0], 0, 1).tolist() == [[0xE169C58D6627E8D5]]
    assert rng.integers(1, 2, [3, 4], 5, 2, [100, 1000]).tolist() == FROZEN_INTEGERS


FROZEN_INTEGERS = [[27, 281], [43, 795]]


@settings(deadline=None)  # the first call compiles
@given(SEEDS, EPOCHS, INDICES, st.integers(0, 65535), st.integers(0, 9))
def test_compiled_draws_are_equal(seed, epoch, indices, stream, count):
    expected = rng.words(seed, epoch, np.array(indices, np.int64), stream, count)
    result = compiled.words(seed, epoch, np.array(indices, np.int64), stream, count)
    np.testing.assert_array_equal(result, expected)
    assert result.dtype == expected.dtype


@given(SEEDS, EPOCHS, INDICES, st.integers(1, 8))
def test_a_draw_does_not_depend_on_its_company(seed, epoch, indices, count):
    together = rng.words(seed, epoch, np.array(indices, np.int64), 3, count)
    for j, index in enumerate(indices):
        alone = rng.words(seed, epoch, [index], 3, count + 3)[0, :count]
        np.testing.assert_array_equal(together[j], alone)


@pytest.mark.parametrize(
    "address",
    [
        {"seed": 2**64}, {"seed": -1}, {"epoch": 2**32}, {"epoch": -1},
        {"stream": 2**16}, {"count": 2**17 + 1}, {"count": -1},
    ],
)  # fmt: skip
def test_addresses_that_would_wrap_round_are_refused(address):
    arguments = {"seed": 0, "epoch": 0, "stream": 0, "count": 1, **address}
    with pytest.raises(ValueError, match=f"^{next(iter(address))} must be at least 0 and below"):
        rng.words(indices=[0], **arguments)


@pytest.mark.parametrize("high", [0, -1, 2**62 + 1, [5, 0]])
def test_bounds_without_values_are_refused(high):
    with pytest.raises(ValueError, match=r"high must be from 1 to 2\*\*62"):
        rng.integers(0, 0, [0], 0, 2, high)


@given(st.integers(0, 2**64 - 1), st.integers(1, 2**62))
def test_bounded_integers_are_the_exact_product(word, high):
    result = rng.integers_from_words(np.array([word], np.uint64), high)
    assert int(result[0]) == word * high >> 64


def test_the_largest_word_stays_below_one():
    assert rng.uniform_from_words(np.array([2**64 - 1], np.uint64))[0] < 1


# Statistics. Fixed seeds, so a test that passes passes always; limits at a chance of one in 10,000.


def grid(vary):
    """65,536 numbers along one part of the address, the others fixed."""
    n = 1 << 16
    if vary == "index":
        return rng.uniform(7, 0, np.arange(n), 0, 1)[:, 0]
    if vary == "count":
        return rng.uniform(7, 0, [5], 0, n)[0]
    short = range(1 << 12)
    if vary == "epoch":
        return np.concatenate([rng.uniform(7, e, np.arange(16), 0, 1)[:, 0] for e in short])
    if vary == "stream":
        return np.concatenate([rng.uniform(7, 0, np.arange(16), s, 1)[:, 0] for s in short])
    return np.concatenate([rng.uniform(s, 0, np.arange(16), 0, 1)[:, 0] for s in short])


@pytest.mark.parametrize("vary", ["index", "count", "epoch", "stream", "seed"])
def test_draws_are_uniform_and_independent_along(vary):
    values = grid(vary)
    assert values.min() >= 0
    assert values.max() < 1
    assert stats.kstest(values, "uniform").pvalue > 1e-4
    limit = 4 / np.sqrt(len(values))
    for lag in (1, 2, 3, 16, 17):
        assert abs(np.corrcoef(values[:-lag], values[lag:])[0, 1]) < limit
    # Pairs fill the square evenly, which correlation alone would not show.
    counts = np.histogram2d(values[::2], values[1::2], bins=16, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(counts.ravel()).pvalue > 1e-4


def test_neighbouring_streams_epochs_and_draws_do_not_follow_each_other():
    index = np.arange(1 << 14)
    base = rng.uniform(1, 5, index, 3, 3)
    others = [base[:, 1], base[:, 2], rng.uniform(1, 5, index, 4, 1)[:, 0]]
    others += [rng.uniform(1, 6, index, 3, 1)[:, 0], rng.uniform(2, 5, index, 3, 1)[:, 0]]
    for other in others:
        assert abs(stats.pearsonr(base[:, 0], other).statistic) < 4 / np.sqrt(len(index))
        counts = np.histogram2d(base[:, 0], other, bins=8, range=[[0, 1], [0, 1]])[0]
        assert stats.chisquare(counts.ravel()).pvalue > 1e-4


@pytest.mark.parametrize("high", [1, 2, 3, 10, 257, 1000])
def test_every_integer_is_equally_likely(high):
    values = rng.integers(3, 1, np.arange(1 << 15), 2, 2, high)
    counts = np.bincount(values.ravel(), minlength=high)
    assert len(counts) == high
    if high > 1:
        assert stats.chisquare(counts).pvalue > 1e-4
