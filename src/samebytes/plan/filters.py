"""Resampling by plain NumPy, in float64: which pixels an output pixel is a weighted sum of.

The conventions are PyTorch's (``torch.nn.functional.interpolate`` with ``align_corners=False``).
Pixels are squares: the middle of pixel i of n lies at i + 0.5 of n. Without antialias what lies
outside of the box is its edge; with antialias the filter is as wide as what it shrinks, and what
lies outside does not count.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "BICUBIC",
    "BILINEAR",
    "BORDER",
    "INTERPOLATIONS",
    "NEAREST",
    "resample",
    "weights_of",
]

NEAREST, BILINEAR, BICUBIC = 0, 1, 2

INTERPOLATIONS = {"nearest": NEAREST, "bilinear": BILINEAR, "bicubic": BICUBIC}
"""Interpolations by name; the number is half of the taps that one has at scale 1."""

BORDER = 2.0**-30
"""What lies so little in front of a border between pixels was meant to lie on it."""

Floats = npt.NDArray[np.float64]


def _heights(kind: int, steep: float, distance: Floats) -> Floats:
    """Return a filter's height at distances from its middle."""
    x = np.abs(distance)
    if kind == BILINEAR:
        triangle: Floats = np.maximum(1 - x, 0.0)
        return triangle
    near = ((steep + 2) * x - (steep + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * steep
    cubic: Floats = np.where(x < 1, near, np.where(x < 2, far, 0.0))
    return cubic


def weights_of(kind: int, axis: Floats, count: int, *, antialias: bool) -> Floats:
    """Return what each item of a box counts in each of `count` output items, shape (count, items).

    Parameters
    ----------
    kind : int
        One of `INTERPOLATIONS`.
    axis : array of float64, shape (5,)
        (scale, shift, first, step, length): the middle of output item i lies in the box, which has
        `length` items, at ``scale * (first + step * i + 0.5) + shift``.
    count : int
        Output items.
    antialias : bool
        Whether the filter is widened by what it shrinks.

    Examples
    --------
    >>> weights_of(BILINEAR, np.array([2.0, 0, 0, 1, 4]), 2, antialias=False).tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    scale, shift, first, step = axis[:4]
    length = int(axis[4])
    middle = scale * (first + step * np.arange(count) + 0.5) + shift
    found = np.zeros((count, length))
    if kind == NEAREST:
        middle = np.floor(middle + BORDER)
        found[np.arange(count), np.clip(middle, 0, length - 1).astype(np.int64)] = 1
        return found
    if antialias:
        wide = max(abs(scale), 1.0)
        items = np.arange(length) + 0.5
        found = _heights(kind, -0.5, (items - middle[:, np.newaxis]) / wide)
        low = np.maximum(np.floor(middle - kind * wide + 0.5), 0)[:, np.newaxis]
        high = np.floor(middle + kind * wide + 0.5)[:, np.newaxis]
        found *= (items > low) & (items < high)
        normal: Floats = found / found.sum(1, keepdims=True)
        return normal
    lowest = np.floor(middle - 0.5).astype(np.int64) - kind + 1
    for tap in range(2 * kind):
        place = lowest + tap
        heights = _heights(kind, -0.75, place + 0.5 - middle)
        np.add.at(found, (np.arange(count), np.clip(place, 0, length - 1)), heights)
    return found


def resample(
    box: npt.NDArray[Any],
    kind: int,
    axes: Floats,
    height: int,
    width: int,
    *,
    antialias: bool,
) -> npt.NDArray[Any]:
    """Return a box of pixels resampled; by nearest in its own dtype, else in float64.

    Parameters
    ----------
    box : array, shape (H, W, C)
        What is read; nothing beside it is.
    kind, antialias
        As for `weights_of`.
    axes : array of float64, shape (10,)
        What `weights_of` takes, for the rows and then for the columns.
    height, width : int
        Of the result.
    """
    rows = weights_of(kind, axes[:5], height, antialias=antialias)
    columns = weights_of(kind, axes[5:], width, antialias=antialias)
    if kind == NEAREST:
        picked: npt.NDArray[Any] = box[rows.argmax(1)][:, columns.argmax(1)]
        return picked
    found: Floats = np.einsum("yh,hwc->ywc", rows, box.astype(np.float64), optimize=True)
    summed: Floats = np.einsum("xw,ywc->yxc", columns, found, optimize=True)
    return summed
