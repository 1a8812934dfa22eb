"""More or less colour, for each sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.colour import grey_blend
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_range, calculated, need_colours
from samebytes.plan.transforms.random_brightness import check_range

__all__ = ["RandomSaturation", "mixed", "optional_range"]

EPSILON = 1e-7
"""Keras' backend.epsilon(): what keeps the largest share finite."""


@dataclass(frozen=True)
class RandomSaturation(Transform):
    """Each image blended with its grey, by a share of its own; folded, as a 3 by 3 matrix.

    Named as ``keras.layers.RandomSaturation``, with its arguments and its draws. Deliberately
    different: Keras multiplies the saturation of HSV, which is not linear; here an image is
    blended with its grey, as torchvision's ``adjust_saturation`` does.

    Parameters
    ----------
    factor : float or (float, float)
        From 0 for grey by 0.5 for no change to 1 for most colour: the share of the image is
        ``factor / (1 - factor)``, with a factor uniform in this range. One number stands for
        (0, factor).
    value_range : (float, float) or None
        Of the values as they are when they come here, to which results are clipped. With None
        nothing is clipped, and the matrices of a chain multiply into one.
    """

    factor: float | tuple[float, float]
    value_range: tuple[float, float] | None = (0, 255)

    draws: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse factors and ranges that are none."""
        found = as_range(self.factor, "RandomSaturation: factor", 0, 1)
        object.__setattr__(self, "factor", found)
        limits = optional_range(self.value_range, "RandomSaturation")
        object.__setattr__(self, "value_range", limits)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        need_colours(spec, "RandomSaturation")
        return replace(
            spec, staged=True, pointwise=False, **calculated(spec, self.value_range or 0.0)
        )

    def matrix(self, unit: Any) -> Floats:
        """Return the matrices of draws."""
        lower, upper = self.factor  # type: ignore[misc]
        factor = lower + (upper - lower) * np.asarray(unit)
        return grey_blend(factor / (1 - factor + EPSILON * (factor == 1)))

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Mix the channels and clip."""
        tables.mix_channels(self.matrix(units[:, 0]))
        if self.value_range is not None:
            tables.affine.clip(*self.value_range)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        return mixed(sample, self.matrix(units[0]), self.value_range)


def mixed(
    sample: npt.NDArray[Any], matrix: Floats, value_range: tuple[float, float] | None
) -> Floats:
    """Return an image whose pixels are multiplied by a matrix and clipped."""
    found: Floats = sample @ matrix.T
    return found if value_range is None else np.clip(found, *value_range)


def optional_range(value_range: Any, what: str) -> tuple[float, float] | None:
    """Return a range of values as a pair of numbers, or None; refuse what is none."""
    return None if value_range is None else check_range(value_range, what)
