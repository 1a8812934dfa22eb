"""Where each output pixel of a batch is read: crops and flips composed into one row per sample.

Each of them maps an output pixel to a source pixel by an offset and a step of +1 or -1 along each
axis, and so does a chain of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Geometry"]


@dataclass
class Geometry:
    """Where the pixels of each sample are read, at one point of a chain.

    Attributes
    ----------
    steps : ndarray of int64, shape (n, 4) or (1, 4)
        First row, row step, first column, column step; one row where all samples share it.
    height, width : int
        Pixels of a sample at this point of the chain.

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
        self._give_rows(max(np.size(top), np.size(left)))
        self.steps[:, 0] += self.steps[:, 1] * np.asarray(top)
        self.steps[:, 2] += self.steps[:, 3] * np.asarray(left)
        self.height, self.width = height, width

    def flip(self, *, rows: npt.NDArray[np.bool_], columns: npt.NDArray[np.bool_]) -> None:
        """Read backwards, along the rows or the columns of the samples that are True."""
        self._give_rows(len(rows))
        for chosen, axis, length in ((rows, 0, self.height), (columns, 2, self.width)):
            self.steps[chosen, axis] += self.steps[chosen, axis + 1] * (length - 1)
            self.steps[chosen, axis + 1] *= -1

    def _give_rows(self, count: int) -> None:
        """Give each sample a row of its own once places differ."""
        if len(self.steps) < count:
            self.steps = np.repeat(self.steps, count, axis=0)
