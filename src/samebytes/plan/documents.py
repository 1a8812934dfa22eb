"""What windows over documents carry along: a number for each row that follows from the borders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.files.hold import readable

__all__ = ["CountFeature", "DocumentFeature", "borders_at_token"]

PIECE = 1 << 20
"""Tokens that are looked at together."""


@dataclass(frozen=True, eq=False, repr=False)
class DocumentFeature:
    """A number for each row of a series, computed where it is wanted and never stored.

    Attributes
    ----------
    borders : ndarray of int64
        First row of each document, and the number of rows.
    dtype : numpy.dtype
        Of the numbers.
    continues : bool
        Whether it is 1 where the next row is of the same document and 0 where it is not; else it
        is the place of the row in its document.
    """

    borders: npt.NDArray[np.int64]
    dtype: np.dtype[Any]
    continues: bool

    ndim = 1

    @property
    def shape(self) -> tuple[int]:
        """As many as there are rows."""
        return (int(self.borders[-1]),)

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.borders[-1])

    def __getitem__(self, rows: npt.ArrayLike) -> npt.NDArray[Any]:
        """Return the numbers of rows."""
        places = np.asarray(rows, np.int64)
        document = np.maximum(np.searchsorted(self.borders, places, "right") - 1, 0)
        numbers: npt.NDArray[Any] = places - self.borders[document]
        if self.continues:
            numbers = places + 1 < self.borders[1:][document]
        return numbers.astype(self.dtype)


class CountFeature(DocumentFeature):
    """The number of each row, counted on without end."""

    def __init__(self) -> None:
        super().__init__(np.array([0, 1 << 62], np.int64), np.dtype(np.int64), continues=False)


def borders_at_token(tokens: Any, end: int) -> npt.NDArray[np.int64]:
    """Return the offsets of documents that each end with the token `end`; reads all tokens once.

    Examples
    --------
    >>> import numpy as np
    >>> borders_at_token(np.array([5, 6, 0, 7, 0, 8]), end=0).tolist()
    [0, 3, 5, 6]
    """
    found = [np.zeros(1, np.int64)]
    with readable(tokens) as values:
        for start in range(0, len(values), PIECE):
            piece = values[start : start + PIECE]
            found.append(np.flatnonzero(piece == end) + start + 1)
    return np.unique(np.concatenate([*found, np.full(1, len(tokens))]))
