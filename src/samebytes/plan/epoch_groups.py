"""Which epochs some samples are of, and where: nearly always a single one, else a few in a row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["by_epoch"]

RUNS = 64
"""Runs of one epoch each that are gone through one by one. Of more, equal ones go together
where they come again and again."""


def by_epoch(
    epochs: npt.NDArray[np.int64],
) -> Iterator[tuple[int, slice | npt.NDArray[np.bool_]]]:
    """Return (epoch, where), which together cover every place once.

    What is done for each must not depend on how the places are divided: an epoch may come in
    several parts.

    Examples
    --------
    >>> list(by_epoch(np.array([3, 3, 3]))), list(by_epoch(np.array([2, 2, 1])))
    ([(3, slice(0, 3, None))], [(2, slice(0, 2, None)), (1, slice(2, 3, None))])
    """
    changes = np.flatnonzero(epochs[1:] != epochs[:-1]) + 1
    every = np.unique(epochs) if len(changes) >= RUNS else None
    if every is not None and 2 * len(every) <= len(changes):
        for epoch in every:
            yield int(epoch), epochs == epoch
        return
    for start, stop in pairwise([0, *changes.tolist(), len(epochs)]):
        if start < stop:
            yield int(epochs[start]), slice(start, stop)
