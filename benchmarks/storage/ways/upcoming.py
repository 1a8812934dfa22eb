"""Where the next samples begin, for threads that read them."""

from __future__ import annotations

import threading

import numpy as np

from benchmarks.storage.patterns.pattern import ArrayPattern, Offsets

__all__ = ["Upcoming"]


class Upcoming:
    """Hands out where samples begin, to any thread.

    Parameters
    ----------
    pattern : ArrayPattern
        Which samples, and in which order.
    nbytes : int
        Of the file's values.
    most : int
        Samples handed out at a time, at most.
    """

    def __init__(self, pattern: ArrayPattern, nbytes: int, most: int) -> None:
        self._offsets, self._most = pattern.offsets(nbytes), most
        self._left: Offsets = np.zeros(0, np.int64)
        self._taking = threading.Lock()

    def take(self) -> Offsets:
        """Return where the next ones begin, from the first byte of the values."""
        with self._taking:
            if not len(self._left):
                self._left = next(self._offsets)
            taken, self._left = self._left[: self._most], self._left[self._most :]
            return taken
