"""A rectangle of each image erased."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.noise import keys_of, noise
from samebytes.plan.stages import ERASE, ERASE_BY_NOISE, Done
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import (
    Transform,
    as_counts,
    as_numbers,
    as_range,
    by_place,
    need_factors,
)
from samebytes.plan.transforms.random_brightness import check_range

__all__ = ["CutOut", "RandomErasing"]

Box = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RandomErasing(Transform):
    """A rectangle of some images filled with noise or with one colour; folded.

    Named as ``keras.layers.RandomErasing``, with its arguments: each side has the square root of a
    share of its own. Deliberately different: sides are rounded, and all places are equally likely,
    where Keras never erases the first row and the first column.

    Parameters
    ----------
    factor : float or (float, float)
        Keras draws the probability itself from this range, so the share of images with a rectangle
        is the middle of it. One number stands for (0, factor).
    scale : float or (float, float)
        Share of the image that is erased, about; one number stands for (0, scale).
    fill_value : float, or one a channel, optional
        What is put there; by default normal numbers times the upper end of the range, clipped to
        it.
    value_range : (float, float)
        Of the values as they are when they come here.
    """

    factor: float | tuple[float, float] = 1.0
    scale: float | tuple[float, float] = (0.02, 0.33)
    fill_value: float | tuple[float, ...] | None = None
    value_range: tuple[float, float] = (0, 255)

    draws: ClassVar[int] = 6

    def __post_init__(self) -> None:
        """Refuse shares and ranges that are none."""
        for name in ("factor", "scale"):
            found = as_range(getattr(self, name), f"RandomErasing: {name}", 0, 1)
            object.__setattr__(self, name, found)
        object.__setattr__(self, "value_range", check_range(self.value_range, "RandomErasing"))
        if self.fill_value is not None:
            filled = as_numbers(self.fill_value, "RandomErasing: fill_value")
            object.__setattr__(self, "fill_value", filled)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        found = by_place(spec, "RandomErasing", self.value_range)
        if self.fill_value is not None:
            need_factors(spec, "RandomErasing", fill_value=self.fill_value)
        return found

    def boxes(self, units: Floats, height: int, width: int) -> Box:
        """Return top, bottom, left and right of what is erased, each of shape (...); or none."""
        lower, upper = self.factor  # type: ignore[misc]
        chosen = units[..., 0] < (lower + upper) / 2
        least, most = self.scale  # type: ignore[misc]
        shape = np.array((height, width))
        sides = np.rint(np.sqrt(least + (most - least) * units[..., 1:3]) * shape).astype(np.int64)
        first = (units[..., 3:5] * (shape - sides + 1)).astype(np.int64)
        box = np.stack([first, first + sides], axis=-1)
        found: Box = box.reshape(*units.shape[:-1], 4) * chosen[..., np.newaxis]
        return found

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Erase what was drawn."""
        box = self.boxes(units, tables.geometry.height, tables.geometry.width)
        if self.fill_value is None:
            low, high = self.value_range
            numbers = [*box.T, low, high]
            tables.do(Done.all(ERASE_BY_NOISE, *numbers, keys=keys_of(units[:, 5])))
        else:
            channels = tables.affine.scale.shape[1]
            filled = np.broadcast_to(self.fill_value, channels)
            tables.do(Done.all(ERASE, *box.T, *filled))

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        found = np.array(sample, np.float64)
        height, width, channels = found.shape
        top, bottom, left, right = self.boxes(units, height, width)
        low, high = self.value_range
        filled: Any = self.fill_value
        if filled is None:
            key = int(keys_of(units[5:6])[0])
            filled = np.clip(noise(key, height, width, channels) * high, low, high)
            filled = filled[top:bottom, left:right]
        found[top:bottom, left:right] = filled
        return found


@dataclass(frozen=True)
class CutOut(Transform):
    """A rectangle of each image filled with one colour, as far as it lies inside; folded.

    Its middle is uniform over all pixels, so at the border it is cut off, as in the paper
    (DeVries and Taylor, 2017).

    Parameters
    ----------
    height, width : int
        Of the rectangle, in pixels.
    fill_value : float, or one a channel
        What is put there.
    """

    height: int
    width: int
    fill_value: float | tuple[float, ...] = 0.0

    draws: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Refuse what is no size, and no colour."""
        height, width = as_counts("CutOut", self.height, self.width)
        filled = as_numbers(self.fill_value, "CutOut: fill_value")
        for name, value in (("height", height), ("width", width), ("fill_value", filled)):
            object.__setattr__(self, name, value)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        found = by_place(spec, "CutOut", 0.0)
        need_factors(spec, "CutOut", fill_value=self.fill_value)
        return found

    def boxes(self, units: Floats, height: int, width: int) -> Box:
        """Return top, bottom, left and right of what is cut out, inside of the image."""
        shape = np.array((height, width))
        size = np.array((self.height, self.width))
        first = (units * shape).astype(np.int64) - size // 2
        last = first + size
        box = np.stack([np.maximum(first, 0), np.minimum(last, shape)], axis=-1)
        found: Box = box.reshape(*units.shape[:-1], 4)
        return found

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Cut out what was drawn."""
        box = self.boxes(units, tables.geometry.height, tables.geometry.width)
        filled = np.broadcast_to(self.fill_value, tables.affine.scale.shape[1])
        tables.do(Done.all(ERASE, *box.T, *filled))

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        found = np.array(sample, np.float64)
        top, bottom, left, right = self.boxes(units, *found.shape[:2])
        found[top:bottom, left:right] = self.fill_value
        return found
