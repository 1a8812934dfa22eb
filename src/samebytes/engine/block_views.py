"""A component of batches that were made together, as it lies in one block of memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BlockViews"]


@dataclass(frozen=True)
class BlockViews:
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
    begin : int
        Bytes from the begin of the block to the first.
    """

    block: npt.NDArray[np.uint8]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    counts: tuple[int, ...]
    apart: int
    begin: int = 0

    @property
    def sample_bytes(self) -> int:
        """Bytes of a sample."""
        return math.prod(self.shape) * self.dtype.itemsize

    def array(self, place: int) -> npt.NDArray[Any]:
        """Return the element at a place, as a view."""
        shape = (self.counts[place], *self.shape)
        begin = self.begin + place * self.apart
        array: npt.NDArray[Any] = np.ndarray(shape, self.dtype, self.block, begin)
        return array

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Return each element, as a view."""
        return [self.array(place) for place in range(len(self.counts))]
