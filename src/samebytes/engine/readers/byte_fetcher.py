"""Ranges of a lazy array whose bytes lie end to end, behind a URL."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from samebytes.engine.readers.fetcher import Count, Fetcher, Task, cut_into_tasks
from samebytes.memory.lazy import ByteSource

__all__ = ["ByteFetcher"]

Indices = npt.NDArray[np.int64]


class ByteFetcher(Fetcher):
    """Has a source read ranges of itself.

    Parameters
    ----------
    source : ByteSource
        The source.
    address : int
        Where its first byte would lie.
    count : callable
        Counts the bytes that are asked for.
    """

    def __init__(self, source: ByteSource, address: int, count: Count) -> None:
        self.threads, self.gap_bytes = source.threads, source.gap_bytes
        self._source = source
        self._address = address
        self._count = count

    def tasks(
        self,
        places: Indices,  # noqa: ARG002 (it is one region)
        starts: Indices,
        targets: Indices,
        sizes: Indices,
    ) -> list[Task]:
        """Return what reads some ranges, as many bytes each as the source likes."""
        self._count(bytes_asked=int(sizes.sum()))
        ranges = starts - self._address, targets, sizes
        return [
            functools.partial(self._source.read, *(one[low:high] for one in ranges))
            for low, high in cut_into_tasks(sizes, self._source.task_bytes)
        ]

    def end(self) -> None:
        """Let the source go of what it keeps for a run."""
        self._source.release()
