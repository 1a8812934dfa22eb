"""Permutations and draws, compiled: the numbers of those in `plan`, but faster.

Nothing is written twice. The arithmetic of `permutation.encipher`, `rng.philox` and where
blocks lie is plain Python that NumPy runs on arrays and Numba compiles for scalars; only the loops
round them live here.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
# ruff: noqa: ANN001, ANN202 - what Numba compiles is typed by Numba

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba.extending import register_jitable

from samebytes.engine.kernels.jit import compiled
from samebytes.plan import block_permutation, permutation, rng

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["integers", "permute", "philox", "positions_of", "uniform", "words"]

# Tells Numba how to compile the shared arithmetic; the functions themselves stay plain Python.
for _shared in (
    rng.philox,
    permutation.below,
    permutation.two_rounds,
    permutation.encipher,
    permutation.two_rounds_back,
    permutation.decipher,
    block_permutation.widened,
    block_permutation.start_of,
    block_permutation.sample_at,
):
    register_jitable(_shared)

_two_rounds = permutation.two_rounds
_encipher = permutation.encipher
_two_rounds_back = permutation.two_rounds_back
_decipher = permutation.decipher
_widened = block_permutation.widened
_start_of = block_permutation.start_of
_sample_at = block_permutation.sample_at
_WINDOW_STREAM = np.uint64(block_permutation.WINDOW_STREAM)
_ROUNDS = permutation.ROUNDS
philox = _philox = rng.philox
_LOW = rng.LOW
_HALF = rng.HALF
_ONE = np.uint64(1)


@register_jitable
def _walk_part(positions, size, keys, rows, columns, column, out):
    count = positions.shape[0]
    row = out
    for k in range(count):
        value = np.uint64(positions[k])
        row[k] = value // columns
        column[k] = value - row[k] * columns
    # Round by round over all of them, which is vectorised: 2.8 times as fast as one by one.
    for round_ in range(0, _ROUNDS, 2):
        for k in range(count):
            row[k], column[k] = _two_rounds(row[k], column[k], keys, round_, rows, columns)
    for k in range(count):
        value = row[k] * columns + column[k]
        while value >= size:
            value = _encipher(value, keys, rows, columns)
        out[k] = value


@compiled(cache=True)
def _walk(positions, size, keys, rows, columns, out):
    _walk_part(positions, size, keys, rows, columns, np.empty(positions.shape[0], np.uint64), out)


@compiled(cache=True)
def _walk_back(samples, size, keys, rows, columns, out):
    count = samples.shape[0]
    row, column = out, np.empty(count, np.uint64)
    for k in range(count):
        value = np.uint64(samples[k])
        row[k] = value // columns
        column[k] = value - row[k] * columns
    for round_ in range(_ROUNDS - 2, -1, -2):
        for k in range(count):
            row[k], column[k] = _two_rounds_back(row[k], column[k], keys, round_, rows, columns)
    for k in range(count):
        value = row[k] * columns + column[k]
        while value >= size:
            value = _decipher(value, keys, rows, columns)
        out[k] = value


@register_jitable
def _draw_one(seed, epoch, index, stream, out):
    count = out.shape[0]
    for k in range(0, count, 2):
        block = (stream << np.uint64(16)) | np.uint64(k >> 1)
        r0, r1, r2, r3 = _philox(
            index & _LOW, index >> _HALF, epoch, block, seed & _LOW, seed >> _HALF
        )
        out[k] = (r1 << _HALF) | r0
        if k + 1 < count:
            out[k + 1] = (r3 << _HALF) | r2


@compiled(cache=True)
def _draw(seed, epoch, indices, stream, out):
    for j in range(indices.shape[0]):
        _draw_one(seed, epoch, np.uint64(indices[j]), stream, out[j])


@compiled(cache=True)
def _walk_windows(positions, seed, epoch, layout, nearby, out):
    size, window, blocks_in_all, lacking, place, behind, lengths, rows, columns = layout
    small, tables, low, blocks = nearby
    total = positions.shape[0]
    within, column = np.empty(total, np.uint64), np.empty(total, np.uint64)
    keys = np.empty(_ROUNDS, np.uint64)
    begin = 0
    while begin < total:
        # As far as positions stay in one window, which mostly is far.
        number = _widened(positions[begin], behind, lacking) // (size * window)
        start = _start_of(number, window, blocks_in_all, size, place, lacking)
        stop = _start_of(number + 1, window, blocks_in_all, size, place, lacking)
        end = begin
        while end < total and start <= positions[end] < stop:
            within[end] = np.uint64(positions[end] - start)
            end += 1
        part = out[begin:end]
        row = np.searchsorted(small, number)
        if row < len(small) and small[row] == number:
            for k in range(begin, end):
                out[k] = np.uint64(tables[row, np.int64(within[k])])
        else:
            _draw_one(seed, epoch, np.uint64(number), _WINDOW_STREAM, keys)
            length = np.uint64(stop - start)
            kind = np.searchsorted(lengths, length)
            sides = rows[kind], columns[kind]
            _walk_part(within[begin:end], length, keys, *sides, column[begin:end], part)
        _finish(part, start, size, behind, lacking, low, blocks)
        begin = end


@register_jitable
def _finish(part, start, size, behind, lacking, low, blocks):
    for k in range(len(part)):
        part[k] = np.uint64(_widened(np.int64(part[k]) + start, behind, lacking))
    if len(blocks):
        for k in range(len(part)):
            slot = part[k] // np.uint64(size)
            block = np.uint64(blocks[np.int64(slot) - low])
            part[k] = _sample_at(part[k], slot, block, np.uint64(size))


def permute(
    positions: ArrayLike,
    n: int,
    seed: int,
    epoch: int,
    blocks: block_permutation.Blocks | None = None,
) -> NDArray[np.int64]:
    """Return what `block_permutation.permute` returns, bit for bit."""
    if blocks is not None:
        return block_permutation.permute_blocks(positions, n, seed, epoch, blocks, _TOOLS)
    return _permute_all(positions, n, seed, epoch)


def _permute_all(
    positions: ArrayLike, n: int, seed: int, epoch: int, stream: int = rng.ORDER_STREAM
) -> NDArray[np.int64]:
    array = np.asarray(positions)
    permutation.check_order(n, array)
    if n <= permutation.TABLE_LIMIT:
        return permutation.table(n, seed, epoch, words, stream).take(array)
    # One dtype and one layout, so that one compiled version serves every caller.
    flat = np.ascontiguousarray(array, np.int64).reshape(-1)
    out = np.empty(flat.shape, np.uint64)
    _walk(flat, np.uint64(n), *permutation.cipher(n, seed, epoch, words, stream), out)
    return out.view(np.int64).reshape(array.shape)


def positions_of(indices: ArrayLike, n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return what `permutation.positions_of` returns, bit for bit."""
    if n <= permutation.TABLE_LIMIT:
        return permutation.positions_of(indices, n, seed, epoch)
    array = np.asarray(indices)
    permutation.check_order(n, array)
    flat = np.ascontiguousarray(array, np.int64).reshape(-1)
    out = np.empty(flat.shape, np.uint64)
    _walk_back(flat, np.uint64(n), *permutation.cipher(n, seed, epoch, words), out)
    return out.view(np.int64).reshape(array.shape)


def _walk_all_windows(
    positions: NDArray[np.int64],
    layout: block_permutation.Layout,
    nearby: block_permutation.Nearby,
) -> NDArray[np.int64]:
    out = np.empty(positions.shape, np.uint64)
    *facts, (_, seed, epoch, _) = layout
    key = np.uint64(seed), np.uint64(epoch)
    _walk_windows(positions, *key, tuple(facts), tuple(nearby), out)
    return out.view(np.int64)


def words(seed: int, epoch: int, indices: ArrayLike, stream: int, count: int) -> NDArray[np.uint64]:
    """Return what `rng.words` returns, bit for bit."""
    rng.check_address(seed, epoch, stream, count)
    flat = np.ascontiguousarray(indices, np.int64)
    out = np.empty((len(flat), count), np.uint64)
    _draw(np.uint64(seed), np.uint64(epoch), flat, np.uint64(stream), out)
    return out


def uniform(
    seed: int, epoch: int, indices: ArrayLike, stream: int, count: int
) -> NDArray[np.float64]:
    """Return what `rng.uniform` returns, bit for bit."""
    return rng.uniform_from_words(words(seed, epoch, indices, stream, count))


def integers(
    seed: int, epoch: int, indices: ArrayLike, stream: int, count: int, high: ArrayLike
) -> NDArray[np.int64]:
    """Return what `rng.integers` returns, bit for bit."""
    return rng.integers_from_words(words(seed, epoch, indices, stream, count), high)


_TOOLS = block_permutation.Tools(_permute_all, words, _walk_all_windows)
