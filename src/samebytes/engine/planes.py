"""Samples of any rank and layout as the planes of four axes that the kernel walks, not copied."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from samebytes.memory.strided import as_strided

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AXES", "merge_axes", "planes_of", "words"]

AXES = 3
"""Axes of a sample that the kernel walks: height, width, channels."""


def merge_axes(shape: tuple[int, ...], strides: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return sizes and strides of as few axes as can be that visit the same items in order.

    Neighbouring axes that lie one after the other in memory become one, so a dense sample of any
    rank is a single axis.

    Examples
    --------
    >>> merge_axes((8, 32, 32, 3), (3072, 96, 3, 1))
    [(24576, 1)]
    >>> merge_axes((8, 16, 16, 3), (3072, 96, 3, 1))
    [(8, 3072), (16, 96), (48, 1)]
    """
    merged: list[tuple[int, int]] = []
    for size, stride in zip(shape, strides, strict=True):
        if size == 1:
            continue
        if merged and merged[-1][1] == size * stride:
            merged[-1] = (merged[-1][0] * size, stride)
        else:
            merged.append((size, stride))
    return merged


def planes_of(
    array: NDArray[Any], *, channels: bool = False, apart: int = 0
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return a plane of every sample with axes N, H, W, C, and where in a sample its planes lie.

    Most samples are one plane. One whose strides leave more axes than the kernel walks is several,
    one after the other in the output.

    Parameters
    ----------
    array : ndarray, shape (N, ...)
        Any rank and strides.
    channels : bool
        Whether the last axis stays the channels, along which factors run.
    apart : int
        So many of the last axes do not become one with those before: what is written may have
        gaps between them.

    Returns
    -------
    plane : ndarray, shape (N, H, W, C)
        A view of the first plane of each sample.
    offsets : ndarray of int64, shape (planes,)
        Bytes from the first plane of a sample to each.

    Examples
    --------
    >>> labels, videos = np.zeros(10), np.zeros((10, 8, 32, 32, 3))
    >>> planes_of(labels)[0].shape, planes_of(videos)[0].shape
    ((10, 1, 1, 1), (10, 1, 24576, 1))
    >>> plane, offsets = planes_of(videos[:, ::2, ::2, ::2, ::2])
    >>> plane.shape, len(offsets)
    ((10, 16, 16, 2), 4)
    """
    shape, strides = array.shape[1:], array.strides[1:]
    last = [(shape[-1], strides[-1])] if channels else []
    rest = slice(None, -1) if channels else slice(None)
    cut = len(shape[rest]) - apart
    merged = merge_axes(shape[rest][:cut], strides[rest][:cut])
    merged += merge_axes(shape[rest][cut:], strides[rest][cut:])
    room = AXES - len(last)
    outer, inner = merged[: max(0, len(merged) - room)], merged[max(0, len(merged) - room) :]
    # The innermost axis goes to W: the channels of a dense row are one, and lines are rows of W.
    if not channels and len(inner) < AXES:
        inner.append((1, array.itemsize))
    inner = [*[(1, 0)] * (room - len(inner)), *inner, *last]
    offsets = np.zeros(1, np.int64)
    for size, stride in outer:
        offsets = (offsets[:, np.newaxis] + np.arange(size, dtype=np.int64) * stride).reshape(-1)
    plane = as_strided(
        array,
        (len(array), *(size for size, _ in inner)),
        (array.strides[0], *(stride for _, stride in inner)),
        writeable=array.flags.writeable,
    )
    return plane, offsets


def words(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view of items of any kind as unsigned integers, along one axis more.

    What moves structured items, strings, or complex128: ``planes_of(words(array))``. The integers
    are the largest, up to eight bytes, that an item is made of.

    Examples
    --------
    >>> words(np.zeros((10, 4), "complex128")).shape, words(np.zeros((10, 4), "S5")).dtype
    ((10, 4, 2), dtype('uint8'))
    >>> planes_of(words(np.zeros((10, 4), "complex128")))[0].shape
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
