"""Which chunks ranges of an array's bytes lie in, and where in them; pure arithmetic."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from samebytes.engine.readers.kept_fetcher import Pieces

__all__ = ["ChunkGrid"]

Indices = npt.NDArray[np.int64]


class ChunkGrid:
    """An array cut into chunks of one shape; those at its far borders are smaller.

    Parameters
    ----------
    shape, chunks : tuple of int
        Of the array, and of a chunk.
    itemsize : int
        Bytes of an item.

    Examples
    --------
    >>> grid = ChunkGrid((5, 4), (2, 3), 1)
    >>> ranges = np.array([1]), np.array([100]), np.array([6])
    >>> [each.tolist() for each in grid.pieces(*ranges)]
    [[0, 1, 0], [1, 0, 3], [100, 102, 103], [2, 1, 3]]
    >>> grid.box(5)
    ((4, 3), (5, 4))
    """

    def __init__(self, shape: tuple[int, ...], chunks: tuple[int, ...], itemsize: int) -> None:
        self._shape = shape
        self._chunks = tuple(min(c, max(n, 1)) for c, n in zip(chunks, shape, strict=True))
        self._counts = tuple(-(-n // c) for n, c in zip(shape, self._chunks, strict=True))
        cut = [axis for axis, count in enumerate(self._counts) if count > 1]
        # Along this axis, the last that is cut, items follow each other in a chunk as in the array.
        self._axis = cut[-1] if cut else 0
        self._item = itemsize * math.prod(shape[self._axis + 1 :])
        self._row_bytes = itemsize * math.prod(shape[1:])

    @property
    def cuts_rows(self) -> bool:
        """Whether a row, at one place of the first axis, lies in several chunks."""
        return any(count > 1 for count in self._counts[1:])

    @property
    def run_bytes(self) -> int | None:
        """Bytes of a chunk, but for the last, if each is a run of the array's; else None."""
        return None if self.cuts_rows else self._chunks[0] * self._row_bytes

    def box(self, number: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return where a chunk begins and ends, along each axis."""
        places = np.unravel_index(number, self._counts)
        starts = tuple(int(p) * c for p, c in zip(places, self._chunks, strict=True))
        stops = (
            min(start + c, n) for start, c, n in zip(starts, self._chunks, self._shape, strict=True)
        )
        return starts, tuple(stops)

    def pieces(self, starts: Indices, targets: Indices, sizes: Indices) -> Pieces:
        """Return the pieces of ranges.

        Parameters
        ----------
        starts, sizes : ndarray of int64
            Ranges of bytes, counted from the array's first; none empty.
        targets : ndarray of int64
            Where each range goes.
        """
        axis, length = self._axis, self._shape[self._axis]
        line, run, runs = length * self._item, self._chunks[axis] * self._item, self._counts[axis]

        def run_at(places: Indices) -> Indices:
            return places // line * runs + places % line // run

        first, last = run_at(starts), run_at(starts + sizes - 1)
        count = last - first + 1
        which = np.repeat(np.arange(len(starts)), count)
        inside = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        lines, along = np.divmod(first[which] + inside, runs)
        run_starts = lines * line + along * run
        run_stops = np.minimum(run_starts + run, (lines + 1) * line)
        begins = np.maximum(starts[which], run_starts)
        ends = np.minimum((starts + sizes)[which], run_stops)
        rows, numbers = self._of_lines(lines)
        behind = math.prod(self._counts[axis + 1 :])  # ones: those axes are not cut
        width = np.minimum(self._chunks[axis], length - along * self._chunks[axis]) * self._item
        return Pieces(
            (numbers * runs + along) * behind,
            rows * width + begins - run_starts,
            targets[which] + begins - starts[which],
            ends - begins,
        )

    def _of_lines(self, lines: Indices) -> tuple[Indices, Indices]:
        """Return the row of a chunk that each line is, and the number of that chunk so far."""
        rows = numbers = np.zeros_like(lines)
        places = np.unravel_index(lines, self._shape[: self._axis]) if self._axis else ()
        for axis, place in enumerate(places):
            chunk, within = np.divmod(place, self._chunks[axis])
            here = np.minimum(self._chunks[axis], self._shape[axis] - chunk * self._chunks[axis])
            rows, numbers = rows * here + within, numbers * self._counts[axis] + chunk
        return rows, numbers
