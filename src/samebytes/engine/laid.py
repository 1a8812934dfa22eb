"""A component of batches that were made together, as it lies in one block of memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Laid"]


@dataclass(frozen=True)
class Laid:
    """Elements in a block, one behind the other.

    Attributes
    ----------
    block : ndarray of uint8
        The memory; every view keeps it.
    shape : tuple of int
        Of a sample.
    dtype : numpy.dtype
        Of its items.
    counts : tuple of int
        Samples in each element.
    apart : int
        Bytes from an element to the next.
    """

    block: npt.NDArray[np.uint8]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    counts: tuple[int, ...]
    apart: int

    @property
    def sample_bytes(self) -> int:
        """Bytes of a sample."""
        return math.prod(self.shape) * self.dtype.itemsize

    def array(self, place: int) -> npt.NDArray[Any]:
        """Give the element at a place, as a view."""
        shape = (self.counts[place], *self.shape)
        array: npt.NDArray[Any] = np.ndarray(shape, self.dtype, self.block, place * self.apart)
        return array

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Give each element, as a view."""
        return [self.array(place) for place in range(len(self.counts))]

    def stacked(self) -> tuple[npt.NDArray[Any] | None, list[npt.NDArray[Any]]]:
        """Give as many elements as can be one array with an axis more, and the others alone.

        Those at the front that have the same number of samples are one array where no gaps are
        between them, and there are two or more.

        Examples
        --------
        >>> block = np.zeros(4096, np.uint8)
        >>> stack, others = Laid(block, (16,), np.dtype("float32"), (8, 8, 5), 512).stacked()
        >>> stack.shape, [other.shape for other in others]
        ((2, 8, 16), [(5, 16)])
        """
        counts = self.counts
        first = counts[0]
        alike = len(counts)
        if counts.count(first) != alike:
            alike = next(place for place, count in enumerate(counts) if count != first)
        if alike < 2 or self.apart != first * self.sample_bytes:
            return None, self.arrays()
        shape = (alike, first, *self.shape)
        stack: npt.NDArray[Any] = np.ndarray(shape, self.dtype, self.block)
        return stack, [self.array(place) for place in range(alike, len(counts))]
