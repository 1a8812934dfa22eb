"""Recycled page-aligned blocks: a block comes back when the last alias of its memory has died."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.aligned import PAGE_BYTES
from samebytes.memory.pages import allocate_pages

__all__ = ["Pool", "PoolStats"]

SPARE = 2
"""Blocks that may wait however many are alive.

A consumer that always holds more blocks than the pool was meant to have (TensorFlow releases its
aliases late) would else find every block given back to the system, and pay for fresh pages in
every batch.
"""


@dataclass(frozen=True)
class PoolStats:
    """What a pool holds.

    Attributes
    ----------
    blocks, free : int
        Blocks alive, and those of them that wait to be used again.
    nbytes : int
        Bytes of all blocks alive.
    reused : int
        How many times a block was given out again instead of a new one.
    """

    blocks: int
    free: int
    nbytes: int
    reused: int


class Pool:
    """Page-aligned blocks of one size, given out as arrays and taken back when these die.

    Nothing blocks: where no block is free a new one is made, so that a consumer that keeps
    every batch gets them all, unharmed, and one that lets go gets the same few again and
    again, already paged in. Safe from any thread.

    Parameters
    ----------
    nbytes : int
        Size of a block.
    most : int
        A block that comes back while more than this many are alive goes back to the system
        instead of waiting, so that a burst of kept batches leaves nothing behind.

    Examples
    --------
    >>> pool = Pool(100_000, most=4)
    >>> first = pool.take()
    >>> kept = first[:10]
    >>> del first
    >>> pool.stats().free  # a view is an alias as good as the array
    0
    >>> del kept
    >>> pool.stats().free
    1
    """

    def __init__(self, nbytes: int, most: int) -> None:
        self.nbytes = max(-(-nbytes // PAGE_BYTES) * PAGE_BYTES, PAGE_BYTES)
        self.most = most
        self._spare = SPARE
        # A deque and a set, since their single steps need no lock: a lease may die in the middle
        # of anything, also while this very thread is taking a block.
        self._free: deque[npt.NDArray[np.uint8]] = deque()
        self._leased: set[int] = set()
        self._reused = 0
        self._counting = threading.Lock()  # only for counting, and never taken by a dying lease

    def take(self) -> npt.NDArray[np.uint8]:
        """Return a block's bytes, of any value; it comes back when its last alias dies."""
        try:
            block = self._free.pop()
        except IndexError:
            block = np.frombuffer(allocate_pages(self.nbytes), np.uint8)
        else:
            with self._counting:
                self._reused += 1
        self._leased.add(id(block))
        return np.asarray(_Lease(self, block))

    def _take_back(self, key: int, block: npt.NDArray[np.uint8]) -> None:
        # Looks nothing up outside of its arguments, not even a built-in: whoever holds a block to
        # the very end (a framework, from C) lets go of it when modules are emptied already.
        self._leased.discard(key)
        waiting = self._free.__len__()
        if waiting < self._spare or waiting + self._leased.__len__() < self.most:
            self._free.append(block)

    def stats(self) -> PoolStats:
        """Return what the pool holds now."""
        free = len(self._free)
        blocks = free + len(self._leased)
        return PoolStats(blocks, free, blocks * self.nbytes, self._reused)


class _Lease:
    """What every alias of a block keeps alive, and whose death gives the block back.

    The release hook of the owner, not a count of references: counts are borrowed, cached and
    optimised away differently in every Python.
    """

    __slots__ = ("__array_interface__", "_block", "_key", "_pool")

    def __init__(self, pool: Pool, block: npt.NDArray[np.uint8]) -> None:
        self.__array_interface__: dict[str, Any] = block.__array_interface__
        self._pool = pool
        self._block = block
        self._key = id(block)

    def __del__(self) -> None:
        self._pool._take_back(self._key, self._block)  # noqa: SLF001
