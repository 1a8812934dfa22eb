"""Rows of any rank as the four axes the kernel walks, without a copy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["four_axes", "words"]

AXES = 3


def four_axes(array: NDArray[Any]) -> NDArray[Any] | None:
    """Return a view of shape (N, H, W, C) that visits the items of every row in the same order.

    Neighbouring axes that lie one after the other in memory become one, so a dense row of any rank
    is a single line. Returns None if more than three axes remain; never copies.

    Examples
    --------
    >>> labels, videos = np.zeros(10), np.zeros((10, 8, 32, 32, 3))
    >>> four_axes(labels).shape, four_axes(videos).shape
    ((10, 1, 1, 1), (10, 1, 24576, 1))
    >>> four_axes(videos[:, :, :16, :16]).shape
    (10, 8, 16, 48)
    >>> four_axes(videos[:, ::2, ::2, ::2, ::2]) is None
    True
    """
    merged: list[tuple[int, int]] = []
    for size, stride in zip(array.shape[1:], array.strides[1:], strict=True):
        if size == 1:
            continue
        if merged and merged[-1][1] == size * stride:
            merged[-1] = (merged[-1][0] * size, stride)
        else:
            merged.append((size, stride))
    if len(merged) > AXES:
        return None
    # The innermost axis goes to W: the channels of a dense row are one, and lines are rows of W.
    if len(merged) < AXES:
        merged.append((1, array.itemsize))
    merged = [(1, 0)] * (AXES - len(merged)) + merged
    shape = (len(array), *(size for size, _ in merged))
    strides = (array.strides[0], *(stride for _, stride in merged))
    return np.lib.stride_tricks.as_strided(array, shape, strides, writeable=array.flags.writeable)


def words(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view of items of any kind as unsigned integers, along one axis more.

    What moves structured items, strings, or complex128: ``four_axes(words(array))``. The integers
    are the largest, up to eight bytes, that an item is made of.

    Examples
    --------
    >>> words(np.zeros((10, 4), "complex128")).shape, words(np.zeros((10, 4), "S5")).dtype
    ((10, 4, 2), dtype('uint8'))
    >>> four_axes(words(np.zeros((10, 4), "complex128"))).shape
    (10, 1, 8, 1)
    """
    if array.dtype.hasobject:
        message = f"items of {array.dtype} refer to Python objects, which cannot be moved as bytes"
        raise TypeError(message)
    size = array.itemsize
    word = math.gcd(size, 8) if size else 1
    # A view with one field of many words, unlike one as words, is possible with any strides.
    fields = np.dtype([("words", f"u{word}", (size // word,))])
    view: NDArray[Any] = array.view(fields)["words"]
    return view
