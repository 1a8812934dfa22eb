"""Which sample comes at which position of which epoch: a shuffle without a table.

`permute` maps positions to sample indices by a permutation of range(n) that (seed, epoch) choose.
Any position is reached at once, in O(1) memory, and the result is the same on every platform:
integer arithmetic modulo 2**64 is all it uses.

Two methods, by size:

- Up to `TABLE_LIMIT` samples, sorting one random 64-bit number for each sample: every permutation
  equally likely, which matters (and shows) when they are few.
- Above, the generalised Feistel cipher of Black and Rogaway on range(rows) x range(columns), with
  rows and columns the closest to sqrt(n). Halves are added modulo their size instead of xor-ed,
  so the domain exceeds n by less than rows (a power of two exceeds it by up to n), and the rare
  value at or beyond n is enciphered again until it falls inside (cycle walking).

References
----------
J. Black, P. Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002, sections 4 and 5,
https://doi.org/10.1007/3-540-45760-7_9. R. Mitchell, D. Stokes, E. Frank, G. Holmes,
"Bandwidth-optimal random shuffling for GPUs", ACM TOPC 9 (2022), https://arxiv.org/abs/2106.06161,
shows that a Feistel cipher with a cheap multiplying round function shuffles well.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from samebytes.plan import rng

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Words = Callable[..., NDArray[np.uint64]]

__all__ = ["MAXIMUM_SIZE", "TABLE_LIMIT", "permute", "positions_of"]

MAXIMUM_SIZE = 1 << 62
"""The most samples an order can have: halves of 31 bits keep every product below 2**64."""

TABLE_LIMIT = 256
"""The most samples that are shuffled exactly, by sorting random numbers (2 kB of table)."""

ROUNDS = 10
# David Stafford's Mix13 multipliers, those of splitmix64's output function.
MULTIPLIER_0 = np.uint64(0xBF58476D1CE4E5B9)
MULTIPLIER_1 = np.uint64(0x94D049BB133111EB)
HALF = np.uint64(32)


class Cipher(NamedTuple):
    """One permutation of range(n): what `encipher` needs of (n, seed, epoch)."""

    keys: NDArray[np.uint64]
    rows: np.uint64
    columns: np.uint64


def below(value: Any, key: Any, bound: Any) -> Any:
    """Hash `value` under `key` into range(bound), bound <= 2**31."""
    mixed = (value ^ key) * MULTIPLIER_0
    mixed = (mixed ^ (mixed >> HALF)) * MULTIPLIER_1
    return ((mixed >> HALF) * bound) >> HALF


def two_rounds(row: Any, column: Any, keys: Any, k: int, rows: Any, columns: Any) -> Any:
    """Change each half once, by the other one: rounds `k` and `k` + 1.

    Like `rng.philox`, one source for arrays (NumPy) and scalars (Numba).
    """
    # Where the sum reaches the size, taking the size off makes it smaller; where it does not, it
    # wraps to something huge. So the smaller of the two is the sum modulo the size.
    row = row + below(column, keys[k], rows)
    row = np.minimum(row, row - rows)
    column = column + below(row, keys[k + 1], columns)
    return row, np.minimum(column, column - columns)


def encipher(value: Any, keys: Any, rows: Any, columns: Any) -> Any:
    """Permute range(rows * columns) once."""
    row = value // columns
    column = value - row * columns
    for k in range(0, ROUNDS, 2):
        row, column = two_rounds(row, column, keys, k, rows, columns)
    return row * columns + column


def two_rounds_back(row: Any, column: Any, keys: Any, k: int, rows: Any, columns: Any) -> Any:
    """Undo `two_rounds`."""
    # The smaller of the difference and what it is behind a wrap, as there.
    column = column - below(row, keys[k + 1], columns)
    column = np.minimum(column, column + columns)
    row = row - below(column, keys[k], rows)
    return np.minimum(row, row + rows), column


def decipher(value: Any, keys: Any, rows: Any, columns: Any) -> Any:
    """Undo `encipher`."""
    row = value // columns
    column = value - row * columns
    for k in range(ROUNDS - 2, -1, -2):
        row, column = two_rounds_back(row, column, keys, k, rows, columns)
    return row * columns + column


def sides(n: int) -> tuple[int, int]:
    """Return rows and columns whose product is the least that will do for range(n)."""
    rows = math.isqrt(n - 1) + 1
    # An even number, or all permutations would be even where rows and columns are both odd.
    rows += rows % 2
    return rows, -(-n // rows)


@lru_cache(maxsize=64)
def cipher(
    n: int, seed: int, epoch: int, words: Words = rng.words, stream: int = rng.ORDER_STREAM
) -> Cipher:
    """Return the keys and the domain of the permutation of range(n) for (seed, epoch).

    `words` does what `rng.words` does; the engine has it compiled.
    """
    rows, columns = sides(n)
    keys = words(seed, epoch, [n], stream, ROUNDS)[0]
    return Cipher(keys, np.uint64(rows), np.uint64(columns))


@lru_cache(maxsize=64)
def table(
    n: int, seed: int, epoch: int, words: Words = rng.words, stream: int = rng.ORDER_STREAM
) -> NDArray[np.int64]:
    """Return the whole permutation of a small range(n), each of the n! equally likely.

    Two of 256 words are equal once in 2**49 tables; the stable sort then still gives a
    permutation, and the same one everywhere.
    """
    first_words = words(seed, epoch, np.arange(n), stream, 1)[:, 0]
    result = np.argsort(first_words, kind="stable").astype(np.int64)
    result.flags.writeable = False
    return result


def check_order(n: int, positions: NDArray[Any]) -> None:
    """Refuse sizes without an order and positions outside of it."""
    if not 1 <= n <= MAXIMUM_SIZE:
        message = f"n must be from 1 to 2**62, got {n}"
        raise ValueError(message)
    if positions.dtype.kind not in "iu":
        message = f"positions must be integers, got {positions.dtype}"
        raise TypeError(message)
    if positions.size and not (positions.min() >= 0 and positions.max() < n):
        message = (
            f"positions must be at least 0 and below n = {n}, "
            f"got {positions.min()} to {positions.max()}"
        )
        raise IndexError(message)


def permute(
    positions: ArrayLike, n: int, seed: int, epoch: int, stream: int = rng.ORDER_STREAM
) -> NDArray[np.int64]:
    """Return the sample index at each position of a shuffled epoch.

    Parameters
    ----------
    positions : array of integers
        Any shape; each at least 0 and below `n`.
    n : int
        Samples in the epoch, from 1 to 2**62.
    seed : int
        Below 2**64.
    epoch : int
        Below 2**32.
    stream : int
        Where the numbers behind it come from: orders of several kinds have nothing in common.

    Returns
    -------
    array of int64, the shape of `positions`

    Examples
    --------
    >>> sorted(permute(range(1000), 1000, seed=1, epoch=0).tolist()) == list(range(1000))
    True
    >>> permute([0, 1, 2], 10**18, seed=1, epoch=0).tolist()
    [942651909013753346, 940989251443014193, 824145343634751597]
    """
    array = np.asarray(positions)
    check_order(n, array)
    if n <= TABLE_LIMIT:
        return table(n, seed, epoch, stream=stream).take(array)
    keys, rows, columns = cipher(n, seed, epoch, stream=stream)
    # At least one dimension: NumPy scalars would warn of the overflow the arithmetic relies on.
    value = encipher(array.astype(np.uint64).reshape(-1), keys, rows, columns)
    size = np.uint64(n)
    outside = np.flatnonzero(value >= size)
    while outside.size:
        value[outside] = encipher(value[outside], keys, rows, columns)
        outside = outside[value[outside] >= size]
    result: NDArray[np.int64] = value.astype(np.int64).reshape(array.shape)
    return result


def positions_of(indices: ArrayLike, n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the position at which each sample comes: what undoes `permute`.

    Parameters
    ----------
    indices, n, seed, epoch
        As `permute` returns and takes them.

    Examples
    --------
    >>> positions_of(permute([0, 1, 2], 10**18, seed=1, epoch=0), 10**18, 1, 0).tolist()
    [0, 1, 2]
    """
    array = np.asarray(indices)
    check_order(n, array)
    if n <= TABLE_LIMIT:
        return np.argsort(table(n, seed, epoch)).astype(np.int64).take(array)
    keys, rows, columns = cipher(n, seed, epoch)
    value = decipher(array.astype(np.uint64).reshape(-1), keys, rows, columns)
    size = np.uint64(n)
    outside = np.flatnonzero(value >= size)
    while outside.size:
        value[outside] = decipher(value[outside], keys, rows, columns)
        outside = outside[value[outside] >= size]
    result: NDArray[np.int64] = value.astype(np.int64).reshape(array.shape)
    return result
