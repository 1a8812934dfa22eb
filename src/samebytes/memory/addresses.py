"""Where the bytes of an array lie."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

__all__ = ["address_of", "extent_of"]


def address_of(array: npt.NDArray[Any]) -> int:
    """Return the address of the first element of `array`."""
    return int(array.__array_interface__["data"][0])


def extent_of(array: npt.NDArray[Any]) -> tuple[int, int]:
    """Return the lowest address of any byte of `array`, and the one behind the highest.

    Examples
    --------
    >>> import numpy as np
    >>> array = np.zeros((4, 8), np.uint8)
    >>> low, high = extent_of(array[::-2, 1:3])
    >>> low - address_of(array), high - low
    (9, 18)
    """
    low = high = address_of(array)
    if array.size == 0:
        return low, low
    for length, step in zip(array.shape, array.strides, strict=True):
        reach = (length - 1) * step
        low, high = low + min(reach, 0), high + max(reach, 0)
    return low, high + array.itemsize
