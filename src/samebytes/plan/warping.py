"""Affine and projective maps by plain NumPy, in float64: where each output pixel is read, and what.

A chain of such maps is a list of stages, the one that reads the source first. A stage maps the
place of a pixel of what comes behind it to a place in an image of its own size, pixel i at i; what
lies beside that image is moved into it, or is filled (`FILL_MODES`). So a chain is one map, and
pixels are resampled once, in the source. The conventions are TensorFlow's, and so Keras'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["CONSTANT", "EDGE", "FAR", "FILL_MODES", "REFLECT", "Stage", "locate", "warp"]

CONSTANT, EDGE, REFLECT, WRAP = range(4)

FILL_MODES = {"constant": CONSTANT, "nearest": EDGE, "reflect": REFLECT, "wrap": WRAP}
"""What lies beside an image, by the names that Keras has for it."""

FAR = 1e9
"""A place that is beside any image: where a projective map has none."""

Floats = npt.NDArray[np.float64]

WALK: Floats = np.array([[0.0, 1, 0, 1]])
"""First x, its step, first y and its step, of who shows all of the last stage."""


@dataclass
class Stage:
    """One map of a chain.

    Attributes
    ----------
    matrices : ndarray of float64, shape (n, 3, 3) or (1, 3, 3)
        From (x, y, 1) behind the stage to (x, y, 1) in its image, times any number.
    sizes : ndarray of float64, shape (n, 2) or (1, 2)
        Width and height of its image.
    mode : int
        One of `FILL_MODES`.
    fill : ndarray of float64, shape (C,) or (1,)
        What is beside it, for `CONSTANT`, as values of the source.
    """

    matrices: Floats
    sizes: Floats
    mode: int
    fill: Floats

    def behind(self, matrices: Floats) -> Stage:
        """Return this stage with maps put behind it."""
        # Not by @, whose rounding depends on how many samples there are.
        parts = self.matrices[:, :, :, np.newaxis] * matrices[:, np.newaxis]
        product = parts[:, :, 0] + parts[:, :, 1] + parts[:, :, 2]
        return Stage(product, self.sizes, self.mode, self.fill)


def _inside(place: Floats, length: float, mode: int) -> Floats:
    """Return places along an axis moved into the image; those to be filled stay."""
    if mode == CONSTANT:
        return place
    last = max(length - 1, 0)
    if mode == REFLECT and length > 1:
        around = 2.0 * length
        low = around * np.trunc(-place / around) + place
        low = np.where(low < -length, low + around, -low - 1)
        high = place - around * np.trunc(place / around)
        high = np.where(high >= length, around - high - 1, high)
        place = np.where(place < 0, low, np.where(place > last, high, place))
    if mode == WRAP and length > 1:
        low = place + length * (np.trunc(-place / last) + 1)
        high = place - length * np.trunc(place / last)
        place = np.where(place < 0, low, np.where(place > last, high, place))
    found: Floats = np.clip(place, 0, last)
    return found


def locate(
    stages: list[Stage], sample: int, height: int, width: int, walk: Floats = WALK
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Return where each pixel of a sample lies in the source: x, y, and which stage fills it.

    That is -1 where none but the first one can.
    """
    y, x = (places.astype(np.float64) for places in np.indices((height, width)))
    x_first, x_step, y_first, y_step = walk[sample if len(walk) > 1 else 0]
    x, y = x_first + x_step * x, y_first + y_step * y
    filled = np.full((height, width), -1)
    for number in range(len(stages) - 1, -1, -1):
        stage = stages[number]
        m = stage.matrices[sample if len(stage.matrices) > 1 else 0]
        below = m[2, 0] * x + m[2, 1] * y + m[2, 2]
        safe = np.where(below == 0, 1.0, below)
        places = [(row[0] * x + row[1] * y + row[2]) / safe for row in m[:2]]
        x, y = (np.clip(np.where(below == 0, -FAR, place), -FAR, FAR) for place in places)
        across, down = stage.sizes[sample if len(stage.sizes) > 1 else 0]
        x, y = _inside(x, across, stage.mode), _inside(y, down, stage.mode)
        if stage.mode == CONSTANT and number > 0:
            beside = (x < -0.5) | (x >= across - 0.5) | (y < -0.5) | (y >= down - 0.5)
            filled[beside & (filled < 0)] = number
    return x, y, filled


def warp(
    image: npt.NDArray[Any],
    stages: list[Stage],
    height: int,
    width: int,
    *,
    nearest: bool,
    walk: Floats = WALK,
) -> npt.NDArray[Any]:
    """Return an image warped by the first maps of stages; by nearest in its own dtype."""
    x, y, filled = locate(stages, 0, height, width, walk)
    fill = np.asarray(stages[0].fill)
    if nearest:
        row, column = np.floor(y + 0.5).astype(np.int64), np.floor(x + 0.5).astype(np.int64)
        found = _read(image, row, column, fill)
    else:
        image = image.astype(np.float64)
        top, left = np.floor(y), np.floor(x)
        down, across = (y - top)[..., np.newaxis], (x - left)[..., np.newaxis]
        row, column = top.astype(np.int64), left.astype(np.int64)
        if stages[0].mode != CONSTANT:  # the weight is 0 then
            last_row, last_column = image.shape[0] - 1, image.shape[1] - 1
            rows, columns = np.minimum(row + 1, last_row), np.minimum(column + 1, last_column)
        else:
            rows, columns = row + 1, column + 1
        upper = (1 - across) * _read(image, row, column, fill)
        upper = upper + across * _read(image, row, columns, fill)
        lower = (1 - across) * _read(image, rows, column, fill)
        lower = lower + across * _read(image, rows, columns, fill)
        found = (1 - down) * upper + down * lower
    for number in range(1, len(stages)):
        found[filled == number] = np.asarray(stages[number].fill).astype(found.dtype)
    return found


def _read(
    image: npt.NDArray[Any], row: npt.NDArray[np.int64], column: npt.NDArray[np.int64], fill: Floats
) -> npt.NDArray[Any]:
    """Return pixels, and `fill` where there is none."""
    height, width = image.shape[:2]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    found = image[row.clip(0, height - 1), column.clip(0, width - 1)]
    return np.where(inside[..., np.newaxis], found, fill.astype(image.dtype))
