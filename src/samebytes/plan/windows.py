"""Windows over series: which rows each shows, by arithmetic on the groups alone.

A series is an array whose first axis is time; groups are stretches of it that no window leaves.
Window `i` begins at a row that follows from the number of windows in each group, so nothing here
grows with the number of windows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from samebytes.plan.epoch_groups import by_epoch
from samebytes.plan.rng import integers
from samebytes.plan.sources import SourceArray

__all__ = ["ROW", "Integers", "Rows", "Stencil", "Windows"]

Indices = npt.NDArray[np.int64]
Integers = Callable[..., Indices]

PHASE_STREAM = 0xFFFE
START_STREAM = 0xFFFD
"""Streams that phases and drawn windows come from; transforms number theirs from 0."""

PHASE_COST = 100
"""A group of so many windows gives up one of them, so that every phase fits."""


class Stencil(NamedTuple):
    """What one component reads of each window, in rows counted from where the window begins.

    Attributes
    ----------
    offset : int
        The first row.
    axes : tuple of (int, int)
        Axes before those of a row: how many, and how many rows apart. Without one it is a
        single row.
    columns : tuple of int, optional
        Those of a row's last axis that are read; by default all.
    """

    offset: int = 0
    axes: tuple[tuple[int, int], ...] = ()
    columns: tuple[int, ...] | None = None

    @property
    def last(self) -> int:
        """The last row, counted from where the window begins."""
        return self.offset + sum((count - 1) * apart for count, apart in self.axes)

    def shape(self, row: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of a sample whose rows have the shape `row`."""
        kept = row if self.columns is None else (*row[:-1], len(self.columns))
        return (*(count for count, _ in self.axes), *kept)

    def rows(self) -> Indices:
        """Return the rows that are read, nested as the axes are."""
        found = np.array(self.offset, np.int64)
        for count, apart in self.axes:
            found = found[..., np.newaxis] + np.arange(count) * apart
        return found

    def read(
        self, array: SourceArray, start: int, valid: Indices | None, padding: Any
    ) -> npt.NDArray[Any]:
        """Return a sample by plain slow NumPy; rows outside of `valid` are `padding`."""
        rows = self.rows()
        if valid is None:
            found: npt.NDArray[Any] = np.asarray(array[start + rows])
        else:
            there = (rows >= valid[0]) & (rows < valid[1])
            found = np.full((*rows.shape, *array.shape[1:]), padding, array.dtype)
            found[there] = np.asarray(array[start + rows[there]])
        return found if self.columns is None else found[..., list(self.columns)]


ROW = Stencil()
"""A single row: what samples are where there are no windows."""


class Rows(NamedTuple):
    """Where samples are read.

    Attributes
    ----------
    starts : ndarray of int64, shape (n,)
        The row at which each begins.
    valid : ndarray of int64, shape (n, 2), optional
        Of a window's rows the first that exists, and the one behind the last; the others are
        padding. Without it all exist.
    """

    starts: Indices
    valid: Indices | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Windows:
    """Where windows begin.

    Attributes
    ----------
    borders : ndarray of int64, shape (groups + 1,)
        First row of each group, and the row behind the last one.
    span : int
        Rows from a window's first to the last one it or its target reads, both included.
    stride : int
        Rows from one window to the next.
    padding : {None, "left", "right"}
        On which side a group shorter than a window is filled up; None leaves it out.
    phase_seed : int, optional
        With it windows begin, in each epoch, at another of the rows that `stride` passes over.
    start_seed : int, optional
        With it each window begins at any row that it fits at, drawn with replacement.
    """

    borders: Indices
    span: int
    stride: int = 1
    padding: str | None = None
    phase_seed: int | None = None
    start_seed: int | None = None

    @cached_property
    def _room(self) -> Indices:
        """Rows of each group at which a window can begin, short groups not counted."""
        room: Indices = np.maximum(np.diff(self.borders) - self.span + 1, 0)
        return room

    @cached_property
    def _counts(self) -> Indices:
        """Windows in each group."""
        counts = -(-self._room // self.stride)
        if self.phase_seed is not None:
            counts = counts - (counts >= PHASE_COST)
        if self.padding is not None:
            rows = np.diff(self.borders)
            counts = counts + ((rows > 0) & (rows < self.span))
        return counts

    @cached_property
    def _ends(self) -> Indices:
        """Number of the window behind the last one of each group."""
        return np.cumsum(self._counts)

    @cached_property
    def _room_ends(self) -> Indices:
        return np.cumsum(self._room)

    def first_of_group(self, group: int) -> int:
        """Return the number of a group's first window: how many those before it have."""
        return int(self._ends[group] - self._counts[group])

    def __len__(self) -> int:
        """Return the number of windows."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def rows(self, epochs: Indices, indices: Indices, integers: Integers = integers) -> Rows:
        """Return where windows `indices` are read in `epochs`; O(log(groups)) a window.

        `integers` does what `samebytes.plan.rng.integers` does; the engine has it compiled.
        """
        if self.start_seed is not None:
            return Rows(self._drawn(epochs, indices, integers))
        if len(self._ends) == 1 and self.padding is None:
            groups = np.zeros(1, np.int64)  # that of all
        else:
            groups = np.searchsorted(self._ends, indices, "right")
        within = indices - (self._ends[groups] - self._counts[groups])
        first = self.borders[groups]
        starts: Indices = first + within * self.stride
        if self.phase_seed is not None:
            starts += self._phases(epochs, groups, integers)
        if self.padding is None:
            return Rows(starts)
        rows = np.minimum(self.borders[groups + 1] - first, self.span)
        missing = self.span - rows
        if self.padding == "left":
            return Rows(starts - missing, np.stack([missing, missing + rows], 1))
        return Rows(starts, np.stack([missing * 0, rows], 1))

    def _phases(self, epochs: Indices, groups: Indices, integers: Integers) -> Indices:
        """Return by how many rows the windows of each group are moved on in each epoch."""
        phases = np.zeros_like(epochs)
        for epoch, mine in by_epoch(epochs):
            here = groups if len(groups) == 1 else groups[mine]
            # Neighbours in an order that is not shuffled, or a single series, are of one group.
            there, which = here[:1], np.zeros(1, np.int64)
            if (here != there).any():
                there, which = np.unique(here, return_inverse=True)
            last = (self._counts[there] - 1) * self.stride
            most = np.maximum(np.minimum(self._room[there] - last, self.stride), 1)
            seed, bounds = self.phase_seed or 0, most[:, np.newaxis]
            phases[mine] = integers(seed, epoch, there, PHASE_STREAM, 1, bounds)[which, 0]
        return phases

    def _drawn(self, epochs: Indices, indices: Indices, integers: Integers) -> Indices:
        """Return a start for each window, any row as likely as any other."""
        numbers = np.zeros_like(indices)
        bound = int(self._room_ends[-1])
        seed = self.start_seed or 0
        for epoch, mine in by_epoch(epochs):
            numbers[mine] = integers(seed, epoch, indices[mine], START_STREAM, 1, bound)[:, 0]
        groups = np.searchsorted(self._room_ends, numbers, "right")
        starts: Indices = (
            self.borders[groups] + numbers - (self._room_ends[groups] - self._room[groups])
        )
        return starts

    # ------------------------------------------------------------------ identity

    @cached_property
    def digest(self) -> str:
        """A name for the groups: the same for the same borders."""
        import hashlib  # on first use: it loads OpenSSL

        return hashlib.sha256(self.borders.tobytes()).hexdigest()[:12]

    @property
    def _key(self) -> tuple[object, ...]:
        settings = self.span, self.stride, self.padding, self.phase_seed, self.start_seed
        return (len(self.borders), self.digest, *settings)

    def __eq__(self, other: object) -> bool:
        """Return whether both place their windows alike."""
        return isinstance(other, Windows) and self._key == other._key

    def __hash__(self) -> int:
        """Return a hash of the groups and settings."""
        return hash(self._key)

    def __repr__(self) -> str:
        """Return what decides about the places of windows, in words; the key of a state."""
        groups = len(self.borders) - 1
        parts = [f"span={self.span}", f"stride={self.stride}"]
        parts.append(f"groups={groups:,} ({self.digest})" if groups > 1 else f"rows={self.borders}")
        if self.padding is not None:
            parts.append(f"padding={self.padding!r}")
        if self.phase_seed is not None:
            parts.append(f"phase seed={self.phase_seed}")
        if self.start_seed is not None:
            parts.append(f"start seed={self.start_seed}")
        return f"windows({', '.join(parts)})"
