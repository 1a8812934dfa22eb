"""Random numbers owned by (seed, epoch, sample index, stream), never by a thread or a batch.

A counter-based generator has no state to carry: a number is a hash of its address, so any draw of
any sample is reached at once, in any order, on any number of threads, with the same result on
every platform. The generator is Philox4x32-10, which passes BigCrush for counters that differ in
a single bit, so consecutive indices, epochs and streams need no further scrambling.

The address of a draw fills the 128-bit counter without overlap, and the seed is the whole key. So
two draws share a number only if they are the same draw; no hash of the address can collide.

======  =======  =======================================
word    bits     holds
======  =======  =======================================
0, 1    64       sample index
2       32       epoch
3       16 + 16  stream (which transform), block of draws
======  =======  =======================================

References
----------
J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC 2011, https://doi.org/10.1145/2063384.2063405. Bounded integers: D. Lemire, "Fast random integer
generation in an interval", ACM TOMACS 29 (2019), https://doi.org/10.1145/3230636.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Words = NDArray[np.uint64]

__all__ = ["ORDER_STREAM", "integers", "integers_from_words", "uniform", "uniform_from_words"]

ORDER_STREAM = 0xFFFF
"""The stream the shuffle draws its keys from; transforms number theirs from 0 and stay below."""

MAXIMUM_WORDS = 2 << 16
"""Draws that one stream of one sample holds in one epoch (the block number has 16 bits)."""

# Names and values as in the paper; the low 32 bits of a uint64 hold each word, because NumPy has
# no 32 x 32 -> 64 multiplication but does have this one.
ROUNDS = 10
MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
WEYL_0 = np.uint64(0x9E3779B9)
WEYL_1 = np.uint64(0xBB67AE85)
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> tuple[Any, Any, Any, Any]:
    """Philox4x32-10 of a counter and a key, each word in the low half of a uint64.

    Written so that arrays (NumPy) and scalars (Numba) both go through this one source; the two
    can then not differ.
    """
    for _ in range(ROUNDS):
        product_0 = MULTIPLIER_0 * c0
        product_1 = MULTIPLIER_1 * c2
        c0 = (product_1 >> HALF) ^ c1 ^ k0
        c1 = product_1 & LOW
        c2 = (product_0 >> HALF) ^ c3 ^ k1
        c3 = product_0 & LOW
        k0 = (k0 + WEYL_0) & LOW
        k1 = (k1 + WEYL_1) & LOW
    return c0, c1, c2, c3


def check_address(seed: int, epoch: int, stream: int, count: int) -> None:
    """Refuse what does not fit the counter, since wrapping round would repeat numbers."""
    for name, value, limit in (
        ("seed", seed, 1 << 64),
        ("epoch", epoch, 1 << 32),
        ("stream", stream, 1 << 16),
        ("count", count, MAXIMUM_WORDS + 1),
    ):
        if not 0 <= value < limit:
            message = f"{name} must be at least 0 and below {limit}, got {value}"
            raise ValueError(message)


def words(seed: int, epoch: int, indices: ArrayLike, stream: int, count: int) -> Words:
    """Return `count` random 64-bit words for each sample index.

    Parameters
    ----------
    seed : int
        Below 2**64. The key.
    epoch : int
        Below 2**32.
    indices : array of integers, shape (n,)
        Sample indices, not positions: a sample keeps its draws wherever the order puts it.
    stream : int
        Below 2**16. Which transform draws.
    count : int
        Words for each sample, at most 2**17. Asking for more keeps the first ones.

    Returns
    -------
    array of uint64, shape (n, count)
    """
    check_address(seed, epoch, stream, count)
    index = np.asarray(indices).astype(np.uint64, copy=False)[:, np.newaxis]
    blocks = np.arange((count + 1) // 2, dtype=np.uint64)
    c3 = np.uint64(stream << 16) | blocks
    # A full-size array for every word keeps NumPy from making scalars, which warn on overflow.
    zeros = np.zeros((len(index), len(blocks)), np.uint64)
    r0, r1, r2, r3 = philox(
        zeros + (index & LOW),
        zeros + (index >> HALF),
        zeros + np.uint64(epoch),
        zeros + c3,
        np.uint64(seed & 0xFFFFFFFF),
        np.uint64(seed >> 32),
    )
    pairs = np.stack([(r1 << HALF) | r0, (r3 << HALF) | r2], axis=-1)
    return pairs.reshape(len(index), 2 * len(blocks))[:, :count]


def uniform_from_words(random_words: Words) -> NDArray[np.float64]:
    """Turn words into floats in [0, 1): the top 53 bits, so every value is exact and evenly spaced.

    Examples
    --------
    >>> uniform_from_words(np.array([0, 1 << 63, 2**64 - 1], np.uint64)).tolist()
    [0.0, 0.5, 0.9999999999999999]
    """
    result: NDArray[np.float64] = (random_words >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return result


def integers_from_words(random_words: Words, high: ArrayLike) -> NDArray[np.int64]:
    """Turn words into integers in [0, high) by multiplying and keeping the high word.

    No value is more likely than another by more than high / 2**64 in proportion (a quarter at the
    largest `high`, 2**-24 among a million million; 2**-54 for a crop among 1,000 places), so
    nothing is drawn twice and a draw stays a function of its address.

    Examples
    --------
    >>> integers_from_words(np.array([[0, 1 << 63, 2**64 - 1]], np.uint64), 10).tolist()
    [[0, 5, 9]]
    """
    bounds = np.asarray(high)
    if bounds.size and (bounds.min() < 1 or bounds.max() > 1 << 62):
        message = f"high must be from 1 to 2**62, got {bounds.min()} to {bounds.max()}"
        raise ValueError(message)
    bounds = bounds.astype(np.uint64)
    # The high half of the 128-bit product of word and bound, by halves of 32 bits.
    low_words, high_words = random_words & LOW, random_words >> HALF
    low_bounds, high_bounds = bounds & LOW, bounds >> HALF
    middle = high_words * low_bounds + ((low_words * low_bounds) >> HALF)
    other = low_words * high_bounds + (middle & LOW)
    result: NDArray[np.int64] = (
        high_words * high_bounds + (middle >> HALF) + (other >> HALF)
    ).astype(np.int64)
    return result


def uniform(
    seed: int, epoch: int, indices: ArrayLike, stream: int, count: int
) -> NDArray[np.float64]:
    """Draw `count` floats in [0, 1) for each sample index; see `words` for the arguments.

    Examples
    --------
    >>> uniform(0, epoch=0, indices=[7, 8], stream=0, count=2).round(3).tolist()
    [[0.043, 0.453], [0.627, 0.844]]
    """
    return uniform_from_words(words(seed, epoch, indices, stream, count))


def integers(
    seed: int, epoch: int, indices: ArrayLike, stream: int, count: int, high: ArrayLike
) -> NDArray[np.int64]:
    """Draw `count` integers in [0, high) for each sample index; see `words` for the arguments.

    Parameters
    ----------
    high : int or array that broadcasts to (len(indices), count)
        From 1 to 2**62, so that (y, x) of a crop come from one call with two bounds.

    Examples
    --------
    >>> integers(0, epoch=0, indices=[7, 8], stream=0, count=2, high=[100, 5]).tolist()
    [[4, 2], [62, 4]]
    """
    return integers_from_words(words(seed, epoch, indices, stream, count), high)
