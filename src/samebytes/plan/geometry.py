"""Where each output pixel of a batch is read: crops, flips and resizes composed, a row a sample.

A crop or a flip maps an output pixel to a source pixel by an offset and a step of +1 or -1 along
each axis, and so does a chain of them. From the first resize on, that much says which box of the
source is read, in which direction; what the output makes of the box is a scale and a shift along
each axis, which later crops, flips and resizes compose with.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.warping import EDGE, Stage

__all__ = ["ROWS", "Geometry", "scale_axes"]

Floats = npt.NDArray[np.float64]

ROWS, COLUMNS = slice(0, 5), slice(5, 10)
"""Where the numbers of each axis lie in a row of `Geometry.maps`."""

SCALE, SHIFT, FIRST, STEP, LENGTH = range(5)


def scale_axes(
    heights: npt.ArrayLike, widths: npt.ArrayLike, height: int, width: int
) -> npt.NDArray[np.float64]:
    """Return the maps that make boxes of some sizes `height` by `width` pixels, shape (n, 10)."""
    heights, widths = np.broadcast_arrays(np.atleast_1d(heights), np.atleast_1d(widths))
    maps = np.zeros((len(heights), 10))
    for axis, sizes, count in ((ROWS, heights, height), (COLUMNS, widths, width)):
        maps[:, axis][:, [SCALE, STEP, LENGTH]] = np.stack(
            [sizes / count, np.ones(len(sizes)), sizes], axis=1
        )
    return maps


def _repeated(table: npt.NDArray[Any], times: int) -> npt.NDArray[Any]:
    """Return each sample's row so many times, but not the one that all of them share."""
    return table if times == 1 or len(table) == 1 else np.repeat(table, times, axis=0)


def _along_axes(scales: Floats, shifts: Floats) -> Floats:
    """Return matrices that scale and shift (x, y), of one or of a row per sample."""
    scales, shifts = np.broadcast_arrays(np.atleast_2d(scales), np.atleast_2d(shifts))
    found = np.zeros((len(scales), 3, 3))
    found[:, [0, 1], [0, 1]], found[:, :2, 2], found[:, 2, 2] = scales, shifts, 1
    return found


@dataclass
class Geometry:
    """Where the pixels of each sample are read, at one point of a chain.

    Attributes
    ----------
    steps : ndarray of int64, shape (n, 4) or (1, 4)
        First row, row step, first column, column step; one row where all samples share it. Of the
        box that is resampled, where there are `maps`.
    height, width : int
        Pixels of a sample at this point of the chain.
    maps : ndarray of float64, shape (n, 10) or (1, 10), optional
        For rows and then for columns (scale, shift, first, step, length): the middle of output
        pixel i lies at ``scale * (first + step * i + 0.5) + shift`` of a box of `length` pixels.
    frame : ndarray of int64, shape (n, 4) or (1, 4), optional
        Rows and columns of the source beside which there is padding, as `boxes` gives them; None
        where nothing was padded.
    stages : list of Stage
        Affine and projective maps, which read the box that `steps` begins; then there are no
        `maps`, and what follows composes with the last of them.
    walk : ndarray of float64, shape (n, 4) or (1, 4)
        First x, its step, first y and its step of the pixels of the last of these: apart from its
        matrix, so that later crops and flips move pixels exactly.
    box : ndarray of int64, shape (n, 2) or (1, 2)
        Height and width of what these read.

    Examples
    --------
    >>> geometry = Geometry.whole(5, 7)
    >>> geometry.crop([0, 2], 1, height=3, width=4)
    >>> geometry.flip(rows=np.array([False, True]), columns=np.array([False, False]))
    >>> geometry.steps.tolist()
    [[0, 1, 1, 1], [4, -1, 1, 1]]
    """

    steps: npt.NDArray[np.int64]
    height: int
    width: int
    maps: npt.NDArray[np.float64] | None = None
    frame: npt.NDArray[np.int64] | None = None
    stages: list[Stage] = field(default_factory=list)
    walk: Floats = field(default_factory=lambda: np.array([[0.0, 1, 0, 1]]))
    box: npt.NDArray[np.int64] = field(default_factory=lambda: np.ones((1, 2), np.int64))

    @classmethod
    def whole(cls, height: int, width: int) -> Geometry:
        """Return what reads every pixel of every sample where it lies."""
        return cls(np.array([[0, 1, 0, 1]], np.int64), height, width)

    def copy(self) -> Geometry:
        """Return the same, which stays as it is."""
        return Geometry(self.steps.copy(), self.height, self.width)

    def within(self, frame: Geometry) -> npt.NDArray[np.int64]:
        """Return first row, row step, first column, column step as places in an earlier `frame`.

        Examples
        --------
        >>> frame = Geometry.whole(5, 7)
        >>> frame.flip(rows=np.array([True]), columns=np.array([False]))
        >>> later = frame.copy()
        >>> later.crop(1, 2, height=3, width=4)
        >>> later.within(frame).tolist()
        [[1, 1, 2, 1]]
        """
        mine, theirs = np.broadcast_arrays(self.steps, frame.steps)
        found: npt.NDArray[np.int64] = mine * theirs[:, (1, 1, 3, 3)]
        found[:, 0::2] -= theirs[:, 0::2] * theirs[:, 1::2]
        return found

    def crop(self, top: npt.ArrayLike, left: npt.ArrayLike, height: int, width: int) -> None:
        """Read `height` by `width` pixels from (`top`, `left`) on; a place per sample, or one."""
        self._move(top, left)
        self.height, self.width = height, width

    def pad(self, top: int, bottom: int, left: int, right: int) -> None:
        """Put so many pixels that are not read around each image; before any resize."""
        found = self.boxes()
        if self.frame is not None:
            found[:, 0::2] = np.maximum(found[:, 0::2], self.frame[:, 0::2])
            found[:, 1::2] = np.minimum(found[:, 1::2], self.frame[:, 1::2])
        self.frame = found
        self.crop(-top, -left, self.height + top + bottom, self.width + left + right)

    def flip(self, *, rows: npt.NDArray[np.bool_], columns: npt.NDArray[np.bool_]) -> None:
        """Read backwards, along the rows or the columns of the samples that are True."""
        self._give_rows(len(rows))
        table, places = self._walk()
        for chosen, (first, step), length in zip(
            (rows, columns), places, (self.height, self.width), strict=True
        ):
            table[chosen, first] += table[chosen, step] * (length - 1)
            table[chosen, step] *= -1

    def resize(
        self,
        top: npt.ArrayLike,
        left: npt.ArrayLike,
        heights: npt.ArrayLike,
        widths: npt.ArrayLike,
        height: int,
        width: int,
    ) -> None:
        """Make `height` by `width` pixels of the box at (`top`, `left`); a box per sample, or one.

        After an earlier resize nothing is resampled twice: both become one map of the box that the
        first one reads.
        """
        found = scale_axes(heights, widths, height, width)
        if self.stages:
            scales, begins = found[:, [5, 0]], np.stack(np.broadcast_arrays(left, top), -1)
            self._put_behind(scales, begins + scales * 0.5 - 0.5)
        elif self.maps is None:
            self._move(top, left)
            self.maps = found
            self._give_rows(len(found))
        else:
            self._give_rows(max(np.size(top), np.size(left), len(found)))
            for axis, begin in ((ROWS, top), (COLUMNS, left)):
                before, after = self.maps[:, axis], found[:, axis]
                scale, step = before[:, SCALE].copy(), before[:, STEP].copy()
                # Where the first output pixel's edge lies on what was there before.
                edge = before[:, FIRST] + (step < 0) + step * np.asarray(begin)
                before[:, SHIFT] += scale * edge
                before[:, SCALE] = scale * step * after[:, SCALE]
                before[:, FIRST], before[:, STEP] = 0, 1
        self.height, self.width = height, width

    def warp(self, matrices: Floats, mode: int, fill: Floats) -> None:
        """Map each pixel by a matrix, one per sample, or one; see `Stage` for the arguments."""
        if self.stages:
            self._put_behind(np.ones(2), np.zeros(2))
        else:
            self.box = np.array([[self.height, self.width]], np.int64)
        if self.maps is not None:
            # What was resized is a map of its box, beside which is its edge.
            scale, shift, first, step, length = (self.maps[:, [5 + k, k]] for k in range(5))
            begins = scale * (first + 0.5) + shift - 0.5
            moved = _along_axes(scale * step, begins)
            self.stages.append(Stage(moved, length, EDGE, np.zeros(1)))
            self.box = length[:, ::-1].astype(np.int64)
            self.maps = None
        sizes = np.array([[self.width, self.height]], np.float64)
        self.stages.append(Stage(matrices, sizes, mode, fill))

    def _put_behind(self, scales: Floats, shifts: Floats) -> None:
        """Put a scale and a shift of (x, y) behind the last stage, and how it is walked."""
        firsts, steps = self.walk[:, 0::2], self.walk[:, 1::2]
        scales, shifts = steps * scales, firsts + steps * shifts
        self.stages[-1] = self.stages[-1].behind(_along_axes(scales, shifts))
        self.walk = np.array([[0.0, 1, 0, 1]])

    def repeated(self, times: int) -> Geometry:
        """Return the same with each sample's row so many times, for as many images a sample has."""
        found = replace(self)
        found.walk = _repeated(self.walk, times)
        found.steps, found.box = _repeated(self.steps, times), _repeated(self.box, times)
        if self.maps is not None:
            found.maps = _repeated(self.maps, times)
        if self.frame is not None:
            found.frame = _repeated(self.frame, times)
        found.stages = [
            replace(
                stage,
                matrices=_repeated(stage.matrices, times),
                sizes=_repeated(stage.sizes, times),
            )
            for stage in self.stages
        ]
        return found

    def boxes(self) -> npt.NDArray[np.int64]:
        """Return the rows and columns of the source that are read: first and behind the last one.

        Of shape (n, 4) or (1, 4): row, row, column, column.
        """
        sizes = np.array([[self.height, self.width]], np.int64)
        if self.stages:
            sizes = self.box
        elif self.maps is not None:
            sizes = self.maps[:, [ROWS.start + LENGTH, COLUMNS.start + LENGTH]].astype(np.int64)
        first, step = self.steps[:, 0::2], self.steps[:, 1::2]
        low = np.where(step < 0, first - (sizes - 1), first)
        pairs: npt.NDArray[np.int64] = np.stack([low, low + sizes], axis=2).reshape(-1, 4)
        return pairs

    def _move(self, top: npt.ArrayLike, left: npt.ArrayLike) -> None:
        """Begin at other places."""
        self._give_rows(max(np.size(top), np.size(left)))
        table, places = self._walk()
        for (first, step), begin in zip(places, (top, left), strict=True):
            table[:, first] += table[:, step] * np.asarray(begin)

    def _walk(self) -> tuple[npt.NDArray[Any], tuple[tuple[int, int], tuple[int, int]]]:
        """Return the table that says how pixels are walked, and where in it, for both axes."""
        if self.stages:
            return self.walk, ((2, 3), (0, 1))
        if self.maps is None:
            return self.steps, ((0, 1), (2, 3))
        column = COLUMNS.start
        return self.maps, ((FIRST, STEP), (column + FIRST, column + STEP))

    def _give_rows(self, count: int) -> None:
        """Give each sample a row of its own once places differ."""
        if len(self.steps) < count:
            self.steps = np.repeat(self.steps, count, axis=0)
        count = max(count, len(self.steps))
        if self.stages and len(self.walk) < count:
            self.walk = np.repeat(self.walk, count, axis=0)
        if self.maps is not None and len(self.maps) < count:
            self.maps = np.repeat(self.maps, count, axis=0)
