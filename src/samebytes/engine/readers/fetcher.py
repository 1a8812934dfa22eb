"""What brings ranges of some regions into memory of ours: one file a kind of region."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.aligned import PAGE_BYTES

__all__ = ["Count", "Fetcher", "Found", "Task", "cut_into_tasks"]

Indices = npt.NDArray[np.int64]
Task = Callable[[], None]
Count = Callable[..., None]
"""`Reader.count`."""
Found = Callable[[int, npt.NDArray[Any]], None]
"""Takes what was brought, with the place that it was asked for by."""


class Fetcher(ABC):
    """Divides what a block reads into tasks, which several threads do in any order.

    Attributes
    ----------
    threads : int
        How many of them keep the storage busy.
    gap_bytes : int
        Ranges that lie at most so many bytes apart are read as one.
    near_bytes : int
        So are items of a sample that lie at most so many bytes apart, without looking closer.
    """

    threads: int
    gap_bytes: int
    near_bytes: int = PAGE_BYTES

    @abstractmethod
    def tasks(
        self, places: Indices, starts: Indices, targets: Indices, sizes: Indices
    ) -> list[Task]:
        """Return what reads some ranges, all of each; each raises an error that names the file.

        Parameters
        ----------
        places : ndarray of int64
            Number of the region that each lies in.
        starts, targets, sizes : ndarray of int64
            The addresses that jobs have, those to read to, and how many bytes.
        """

    def end(self) -> None:  # noqa: B027 (most hold nothing)
        """Let go of what it holds; may be called twice."""


def cut_into_tasks(sizes: Indices, nbytes: int) -> list[tuple[int, int]]:
    """Return cuts between ranges, so that each task reads about so many bytes.

    Examples
    --------
    >>> cut_into_tasks(np.array([4, 4, 4, 20, 1]), 8)
    [(0, 2), (2, 4), (4, 5)]
    """
    ends = np.cumsum(sizes)
    cuts = np.searchsorted(ends, np.arange(nbytes, int(ends[-1]), nbytes)) + 1
    edges = np.unique(np.concatenate([[0], cuts, [len(sizes)]])).tolist()
    return list(itertools.pairwise(edges))
