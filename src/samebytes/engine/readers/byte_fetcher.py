"""Ranges of a lazy array whose bytes lie end to end, behind a URL."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from samebytes.engine.readers.fetcher import Count, Fetcher, Found, Task, cut_into_tasks
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

    def can_hold(self, sizes: Indices) -> bool:
        """Whether ranges of these sizes are read in the buffers that they come in."""
        return self._source.has_buffers and bool((sizes <= self._source.task_bytes).all())

    def hold(self, starts: Indices, sizes: Indices, places: list[int], found: Found) -> list[Task]:
        """Return what fetches ranges, and hands over each as it came.

        Parameters
        ----------
        starts, sizes : ndarray of int64
            The ranges, by the addresses that jobs have.
        places : list of int
            What each is called by who takes it.
        found : callable
            Is given each, from any thread; it stays as it is while it is held.
        """
        self._count(bytes_asked=int(sizes.sum()))
        return [
            functools.partial(
                self._hold,
                starts[low:high] - self._address,
                sizes[low:high],
                places[low:high],
                found,
            )
            for low, high in cut_into_tasks(sizes, self._source.task_bytes)
        ]

    def _hold(self, starts: Indices, sizes: Indices, places: list[int], found: Found) -> None:
        for place, buffer in zip(places, self._source.fetch(starts, sizes), strict=True):
            found(place, np.frombuffer(buffer, np.uint8))

    def end(self) -> None:
        """Let the source go of what it keeps for a run."""
        self._source.release()
