"""Where the pools of an ended epoch wait for the next one, which then needs no fresh pages.

Pages that were never touched cost as much as filling them twice: an epoch of 32 batches would
spend a quarter of its time on them.
"""

from __future__ import annotations

import os
import weakref
from collections import deque
from dataclasses import dataclass
from typing import Any

from samebytes.memory.pool import Pool

__all__ = ["PoolCache", "PoolSet", "pool_cache_of"]

MOST_CACHED_BYTES = 1 << 30
"""Pools that hold more are given back to the system when their epoch ends."""

Key = tuple[int, tuple[int, ...]]


@dataclass(frozen=True)
class PoolSet:
    """One pool a group of leaves, and what they are good for."""

    key: Key
    pools: tuple[Pool, ...]


class PoolCache:
    """Pools of one source, at most two sets: those of training and of one other use."""

    def __init__(self) -> None:
        # A deque, since its single steps need no lock: a finalizer may put pools back.
        self._cached: deque[PoolSet] = deque(maxlen=2)

    def take(self, sizes: tuple[int, ...], most: int) -> PoolSet:
        """Return pools of blocks of these sizes: those that wait here, else new ones."""
        # With the process, because a lock in a pool may be held for ever in a forked child.
        key = (os.getpid(), sizes)
        for _ in range(len(self._cached)):
            try:
                found = self._cached.popleft()
            except IndexError:  # taken by another thread
                break
            if found.key == key:
                for pool in found.pools:
                    pool.most = most  # who made one batch at a time before has left the same blocks
                return found
            self._cached.append(found)
        return PoolSet(key, tuple(Pool(size, most) for size in sizes))

    def put(self, pools: PoolSet) -> None:
        """Keep pools whose iterator has ended; its consumer may still hold blocks of them."""
        if sum(pool.stats().nbytes for pool in pools.pools) <= MOST_CACHED_BYTES:
            self._cached.append(pools)


_caches: dict[int, PoolCache] = {}


def pool_cache_of(source: Any) -> PoolCache:
    """Return the pools of `source`, an object that all datasets on the same arrays share."""
    made = PoolCache()
    cache = _caches.setdefault(id(source), made)
    if cache is made:
        weakref.finalize(source, _caches.pop, id(source), None).atexit = False
    return cache
