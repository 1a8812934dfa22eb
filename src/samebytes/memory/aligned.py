"""Page-aligned arrays: the memory that every framework can share."""

from __future__ import annotations

import math
import mmap
import operator
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from samebytes.errors import Unconvertible
from samebytes.memory.addresses import address_of
from samebytes.memory.gather import gather
from samebytes.memory.pages import allocate_pages

__all__ = [
    "PAGE_BYTES",
    "Shape",
    "address_of",
    "aligned",
    "as_shape",
    "empty",
    "is_packed",
    "lengths_of",
]

PAGE_BYTES = mmap.PAGESIZE
Shape = SupportsIndex | Sequence[SupportsIndex]


def lengths_of(shape: Any) -> tuple[int, ...]:
    """Return an int, or anything that iterates over ints (a ``tf.TensorShape``), as a tuple."""
    try:
        return (operator.index(shape),)
    except TypeError:
        return tuple(operator.index(length) for length in shape)


def as_shape(shape: Shape) -> tuple[int, ...]:
    """Return `shape` as a tuple of ints >= 0, as NumPy reads it: an int or a sequence."""
    lengths = lengths_of(shape)
    if any(length < 0 for length in lengths):
        message = f"shape {lengths} has a negative length; lengths are 0 or more"
        raise ValueError(message)
    return lengths


def is_packed(array: npt.NDArray[Any]) -> bool:
    """Return whether `array` is row-major without gaps, in this machine's byte order."""
    return bool(array.flags.c_contiguous) and array.dtype.isnative


def empty(
    shape: Shape, dtype: npt.DTypeLike = np.float64, *, huge_pages: bool | None = None
) -> npt.NDArray[Any]:
    """Return a page-aligned array of zeros fresh from the system; nothing is copied.

    Parameters
    ----------
    shape : int or sequence of int
        Lengths of the axes; ``()`` and lengths of 0 are fine.
    dtype : dtype-like
        Any dtype whose values live in the array itself, those of ml_dtypes included.
    huge_pages : bool, optional
        See `samebytes.memory.pages.allocate_pages`.

    Raises
    ------
    Unconvertible
        For dtypes that hold references (object, StringDType): mapped memory cannot.
    """
    lengths = as_shape(shape)
    kind = np.dtype(dtype)
    if kind.hasobject or kind.kind == "T":
        message = (
            f"dtype {kind} holds references to Python objects, which cannot live in mapped memory; "
            "expected a dtype whose values lie in the array, such as 'float32' or 'S16'"
        )
        raise Unconvertible(message)
    block = allocate_pages(math.prod(lengths) * kind.itemsize, huge_pages=huge_pages)
    # frombuffer holds the block's export, so that closing the block fails while an array
    # lives; the constructor's buffer= would let it unmap memory under the array.
    array: npt.NDArray[Any] = np.ndarray(lengths, kind, buffer=np.frombuffer(block, np.uint8))
    return array


def aligned(
    array: npt.ArrayLike, dtype: npt.DTypeLike | None = None, *, huge_pages: bool | None = None
) -> npt.NDArray[Any]:
    """Return `array` page-aligned, row-major and native; copies unless it already is.

    Parameters
    ----------
    array : array-like
        The values.
    dtype : dtype-like, optional
        Convert to this dtype in the same pass, as ``astype`` does.
    huge_pages : bool, optional
        See `samebytes.memory.pages.allocate_pages`.
    """
    source = np.asanyarray(array)
    kind = (source.dtype if dtype is None else np.dtype(dtype)).newbyteorder("=")
    if source.dtype == kind and is_packed(source) and address_of(source) % PAGE_BYTES == 0:
        return source
    out = empty(source.shape, kind, huge_pages=huge_pages)
    gather(source, out)
    return out
