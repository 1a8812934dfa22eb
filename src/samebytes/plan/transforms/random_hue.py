"""Colours turned round the grey axis, for each sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.colour import hue_rotation
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_range, calculated, need_colours
from samebytes.plan.transforms.random_saturation import mixed, optional_range

__all__ = ["RandomHue"]


@dataclass(frozen=True)
class RandomHue(Transform):
    """Each image's hue turned by a random share of the circle; folded, as a 3 by 3 matrix.

    Named as ``keras.layers.RandomHue``, with its arguments and its draws. Deliberately different:
    Keras and torchvision add to the hue of HSV, which is not linear; here colours turn round the
    grey axis of YIQ, which keeps their brightness, where HSV keeps their largest channel. Grey
    stays what it is in both.

    Parameters
    ----------
    factor : float or (float, float)
        Least and most, between 0 for none and 1 for half the circle; the direction is a coin. One
        number stands for (0, factor).
    value_range : (float, float) or None
        Of the values as they are when they come here, to which results are clipped. With None
        nothing is clipped, and the matrices of a chain multiply into one.
    """

    factor: float | tuple[float, float]
    value_range: tuple[float, float] | None = (0, 255)

    draws: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Refuse factors and ranges that are none."""
        object.__setattr__(self, "factor", as_range(self.factor, "RandomHue: factor", 0, 1))
        object.__setattr__(self, "value_range", optional_range(self.value_range, "RandomHue"))

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        need_colours(spec, "RandomHue")
        return replace(
            spec, staged=True, pointwise=False, **calculated(spec, self.value_range or 0.0)
        )

    def matrix(self, units: Floats) -> Floats:
        """Return the matrices of draws."""
        lower, upper = self.factor  # type: ignore[misc]
        turns = (lower + (upper - lower) * units[..., 0]) / 2
        return hue_rotation(np.where(units[..., 1] < 0.5, turns, -turns))

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Mix the channels and clip."""
        tables.mix_channels(self.matrix(units))
        if self.value_range is not None:
            tables.affine.clip(*self.value_range)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        return mixed(sample, self.matrix(units), self.value_range)
