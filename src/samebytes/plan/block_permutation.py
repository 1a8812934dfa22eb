"""Order that disks like: blocks in a random order, then positions within a window of blocks.

A *block* is `size` samples that lie side by side; the last may be shorter. Blocks are permuted, and
of the result each `window` blocks are permuted once more, sample by sample. So the samples of a
window come from so many blocks, each of which can be read at once. Nothing is stored: a position
leads to its window, by the window's own permutation to a place among the permuted blocks, by their
permutation to a block, and so to a sample.

The short block, where there is one, comes anywhere as any other does: its place among the blocks is
drawn for each epoch, and the whole ones are permuted over the places that are left. Behind it every
place is that much nearer; counting what it lacks makes positions multiples of blocks again.

As in `plan.permutation`, a permutation of few is exact, by sorting random numbers, and one of many
is a cipher: both for the blocks, and in each window, whose numbers belong to (seed, epoch, window).

References
----------
CorgiPile, https://arxiv.org/abs/2206.05830, permutes blocks, and then samples in a buffer of some.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from samebytes.plan import permutation, rng

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Indices = NDArray[np.int64]

__all__ = [
    "WINDOW",
    "WINDOW_STREAM",
    "Blocks",
    "Layout",
    "Nearby",
    "Tools",
    "permute",
    "permute_blocks",
    "sample_at",
    "start_of",
    "widened",
]

WINDOW = 64
"""Blocks in a window unless it is said: as many as a usual batch has samples.

The mean of a batch of B samples varies at most ``1 + B / window`` times as much as with a full
shuffle: where all samples of a block are alike, so that a window has no more than so many. For a
batch of 64 that is twice, and with 8 blocks 9 times. More blocks take more memory, in which all
bytes of a window should stay while it is walked: of blocks of a megabyte these are 64 MB.
"""

BLOCK_STREAM = 0xFFFC
"""The stream that the order of blocks, and the short one's place in it, come from."""

WINDOW_STREAM = 0xFFFB
"""The stream that the keys of windows come from."""

SORTED_STREAM = 0xFFFA
"""The stream of the numbers that small windows sort."""

PLACE_WORD = (1 << 64) - 1
"""Which number of the stream of blocks places the short one: no block and no count is as high."""

MOST_SORTED = 1 << 20
"""Numbers sorted at a time. Positions far apart are each in a window of its own, all of which has
to be sorted; more than that go in parts, which take 8 MB."""

PLACES = np.uint64(permutation.TABLE_LIMIT - 1)
"""Bits of a number that hold its place while numbers are sorted; the others order it."""


class Blocks(NamedTuple):
    """How samples go together.

    Attributes
    ----------
    size : int
        Samples in a block; the last has what is left.
    window : int
        Blocks that are mixed with each other; the last window has what is left.
    """

    size: int
    window: int


class Layout(NamedTuple):
    """Where blocks and windows of an epoch lie.

    Attributes
    ----------
    size, window, total : int
        Samples in a block, blocks in a window, and blocks.
    lacking : int
        Samples by which the last block is shorter than the others.
    place : int
        Where among the permuted blocks it comes.
    behind : int
        The position behind it.
    lengths, rows, columns : ndarray of uint64
        Samples in a window, at most four different numbers, and the sides of their ciphers.
    key : tuple of (int, int, int, Blocks)
        What it was made of: samples, seed, epoch, and what was asked for.
    """

    size: int
    window: int
    total: int
    lacking: int
    place: int
    behind: int
    lengths: NDArray[np.uint64]
    rows: NDArray[np.uint64]
    columns: NDArray[np.uint64]
    key: tuple[int, int, int, Blocks]

    @property
    def span(self) -> int:
        """Samples in most windows."""
        return self.size * self.window

    def starts(self, windows: Indices) -> Indices:
        """Return the first position of windows; of the one behind the last, the end."""
        facts = self.window, self.total, self.size, self.place, self.lacking
        return start_of(windows, *facts)  # type: ignore[no-any-return]

    def window_of(self, position: Any) -> Any:
        """Return the window that a position is in, or each of several."""
        return widened(position, self.behind, self.lacking) // self.span


class Nearby(NamedTuple):
    """What is looked up for some positions.

    Attributes
    ----------
    small : ndarray of int64
        Windows that have a table, in rising order.
    tables : ndarray of int64, shape (windows, samples)
        The order within each of them.
    low : int
        The first place among the permuted blocks that `blocks` tells of.
    blocks : ndarray of int64
        The blocks from there on. Empty where positions lie far apart.
    """

    small: Indices
    tables: Indices
    low: int
    blocks: Indices


class Tools(NamedTuple):
    """What runs over many numbers, and what the engine has compiled.

    Attributes
    ----------
    permute, words : callable
        `permutation.permute` and `rng.words`, or the same compiled.
    walk : callable
        `_walk`, or the same compiled.
    """

    permute: Callable[..., Indices]
    words: Callable[..., NDArray[np.uint64]]
    walk: Callable[[Indices, Layout, Nearby], Indices]


# Like `permutation.encipher`, one source each for arrays (NumPy) and scalars (Numba).


def widened(position: Any, behind: Any, lacking: Any) -> Any:
    """Return what a position would be if the short block had the size of the others."""
    return position + (position >= behind) * lacking


def start_of(
    window_number: Any, window: Any, total: Any, size: Any, place: Any, lacking: Any
) -> Any:
    """Return the first position of a window."""
    before = np.minimum(window_number * window, total)
    return before * size - (place < before) * lacking


def sample_at(place: Any, slot: Any, block: Any, size: Any) -> Any:
    """Return the sample at a widened place among permuted blocks, of which it is in `block`."""
    return place + (block - slot) * size


def permute(
    positions: ArrayLike, n: int, seed: int, epoch: int, blocks: Blocks | None = None
) -> Indices:
    """Return the sample index at each position of a shuffled epoch: in full, or in blocks.

    Parameters
    ----------
    positions, n, seed, epoch
        As for `samebytes.plan.permutation.permute`.
    blocks : Blocks, optional
        Without it the order is that of `samebytes.plan.permutation.permute`.

    Examples
    --------
    >>> permute(range(10), 10, seed=0, epoch=0, blocks=Blocks(size=4, window=1)).tolist()
    [8, 9, 5, 4, 6, 7, 0, 3, 2, 1]
    """
    if blocks is None:
        return permutation.permute(positions, n, seed, epoch)
    return permute_blocks(positions, n, seed, epoch, blocks, _PLAIN)


def permute_blocks(
    positions: ArrayLike, n: int, seed: int, epoch: int, blocks: Blocks, tools: Tools
) -> Indices:
    """Return the sample index at each position, with the order of blocks; see `permute`."""
    array = np.asarray(positions)
    permutation.check_order(n, array)
    flat = np.ascontiguousarray(array, np.int64).reshape(-1)
    if not len(flat):
        return flat.reshape(array.shape)
    layout = _layout(n, seed, epoch, blocks, tools.words)
    return _located(flat, layout, tools).reshape(array.shape)


@lru_cache(maxsize=64)
def _layout(n: int, seed: int, epoch: int, blocks: Blocks, words: Any) -> Layout:
    size = min(blocks.size, n)
    total = -(-n // size)
    window = min(blocks.window, total)
    lacking = total * size - n
    place = total - 1
    if lacking:
        word = words(seed, epoch, np.array([PLACE_WORD], np.uint64), BLOCK_STREAM, 1)
        place = int(rng.integers_from_words(word, total)[0, 0])
    last = total % window or window
    lengths = {blocks * size - less for blocks in (window, last) for less in (0, lacking)}
    table = [(length, *permutation.sides(length)) for length in sorted(lengths) if length]
    sides = np.array(table, np.uint64).T.copy()
    behind, key = (place + 1) * size - lacking, (n, seed, epoch, blocks)
    return Layout(size, window, total, lacking, place, behind, sides[0], sides[1], sides[2], key)


def _located(positions: Indices, layout: Layout, tools: Tools) -> Indices:
    first = layout.window_of(int(positions.min()))
    last = layout.window_of(int(positions.max()))
    if layout.span <= permutation.TABLE_LIMIT:
        if last - first < len(positions):
            numbers = np.arange(first, last + 1)
        else:
            numbers = np.unique(layout.window_of(positions))
        if len(numbers) * layout.span > MOST_SORTED:
            halves = np.array_split(positions, 2)
            return np.concatenate([_located(one, layout, tools) for one in halves])
        small, tables = numbers, _tables(numbers, layout, tools.words)
    else:
        small, tables = _small_among_large(*layout.key, tools.words)
    low, high = first * layout.window, min((last + 1) * layout.window, layout.total)
    # Near each other, so each block is looked up once and not for all of its samples.
    near = high - low <= len(positions)
    blocks = _blocks(np.arange(low, high if near else low, dtype=np.int64), layout, tools)
    found = tools.walk(positions, layout, Nearby(small, tables, low, blocks))
    if near:
        return found
    slots = found // layout.size
    blocks = _blocks(slots, layout, tools)
    return sample_at(found, slots, blocks, layout.size)  # type: ignore[no-any-return]


def _blocks(slots: Indices, layout: Layout, tools: Tools) -> Indices:
    """Return which block comes at each place among the permuted ones."""
    _, seed, epoch, _ = layout.key
    if not layout.lacking:
        return tools.permute(slots, layout.total, seed, epoch, BLOCK_STREAM)
    whole = layout.total - 1
    if not whole:
        return slots
    closed_up = np.minimum(slots - (slots > layout.place), whole - 1)
    found = tools.permute(closed_up, whole, seed, epoch, BLOCK_STREAM)
    return np.where(slots == layout.place, whole, found)


@lru_cache(maxsize=64)
def _small_among_large(
    n: int, seed: int, epoch: int, blocks: Blocks, words: Any
) -> tuple[Indices, Indices]:
    """Return the windows that are small where most are large, and the order within each.

    They are the last one, or that with the short block, or both.
    """
    layout = _layout(n, seed, epoch, blocks, words)
    last = -(-layout.total // layout.window) - 1
    numbers = np.array(sorted({layout.place // layout.window, last}), np.int64)
    small = layout.starts(numbers + 1) - layout.starts(numbers) <= permutation.TABLE_LIMIT
    return numbers[small], _tables(numbers[small], layout, words)


def _tables(numbers: Indices, layout: Layout, words: Any) -> Indices:
    """Return the orders within small windows, each of all orders equally likely."""
    _, seed, epoch, _ = layout.key
    sizes = layout.starts(numbers + 1) - layout.starts(numbers)
    tables = np.zeros((len(numbers), max(sizes.tolist(), default=0)), np.int64)
    for size in set(sizes.tolist()):
        mine = sizes == size
        drawn = words(seed, epoch, numbers[mine], SORTED_STREAM, size)
        # A place in the lowest bits of its number: sorting is then faster than finding an order,
        # and equal numbers keep their places. Two of 256 are equal once in 2**41 windows.
        places = np.arange(size, dtype=np.uint64)
        tables[mine, :size] = np.sort((drawn & ~PLACES) | places, axis=1) & PLACES
    return tables


def _walk(positions: Indices, layout: Layout, nearby: Nearby) -> Indices:
    """Return the samples at some positions; widened places where no blocks are told."""
    _, seed, epoch, _ = layout.key
    numbers, which = np.unique(layout.window_of(positions), return_inverse=True)
    which = which.reshape(-1)
    starts = layout.starts(numbers)
    within = positions - starts[which]
    row = np.searchsorted(nearby.small, numbers)
    small = np.isin(numbers, nearby.small)[which]
    within[small] = nearby.tables[row[which[small]], within[small]]
    keys = rng.words(seed, epoch, numbers, WINDOW_STREAM, permutation.ROUNDS)
    lengths = (layout.starts(numbers + 1) - starts).astype(np.uint64)
    within[~small] = _enciphered(within[~small], which[~small], keys, lengths, layout)
    places = widened(within + starts[which], layout.behind, layout.lacking)
    if not len(nearby.blocks):
        return places  # type: ignore[no-any-return]
    slots = places // layout.size
    block = nearby.blocks[slots - nearby.low]
    return sample_at(places, slots, block, layout.size)  # type: ignore[no-any-return]


def _enciphered(
    within: Indices,
    which: Indices,
    keys: NDArray[np.uint64],
    lengths: NDArray[np.uint64],
    layout: Layout,
) -> Indices:
    """Return where positions within large windows come."""
    kind = np.searchsorted(layout.lengths, lengths)
    rows, columns = layout.rows[kind][which], layout.columns[kind][which]
    keys, lengths = keys[which].T, lengths[which]
    value = permutation.encipher(within.astype(np.uint64), keys, rows, columns)
    outside = np.flatnonzero(value >= lengths)
    while outside.size:
        value[outside] = permutation.encipher(
            value[outside], keys[:, outside], rows[outside], columns[outside]
        )
        outside = outside[value[outside] >= lengths[outside]]
    result: Indices = value.astype(np.int64)
    return result


_PLAIN = Tools(permutation.permute, rng.words, _walk)
