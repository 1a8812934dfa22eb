"""A factor of its own for each sample, around the sample's mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import (
    Transform,
    as_pair,
    calculated,
    need_image,
    need_numbers,
)
from samebytes.plan.transforms.random_brightness import check_range

__all__ = ["RandomContrast"]


@dataclass(frozen=True)
class RandomContrast(Transform):
    """Each image's values drawn towards or away from their channel's mean; folded.

    Values are those of ``keras.layers.RandomContrast``: ``(x - mean) * factor + mean`` with
    the mean of the image's channel, then clipped to `value_range`. The mean costs one more
    reading of the source; the batch is still written once.

    Deliberately different: one number as `factor` means what Keras' documentation says, where
    its code draws from (1, 1 + factor) only.

    Parameters
    ----------
    factor : float or (float, float)
        The factor is uniform in (1 - lower, 1 + upper); one number stands for both.
    value_range : (float, float)
        Of the values as they are when they come here.
    """

    factor: float | tuple[float, float]
    value_range: tuple[float, float] = (0, 255)

    draws: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse factors and ranges that are none."""
        given: Any = self.factor
        pair = given if np.ndim(given) or isinstance(given, str) else (given, given)
        lower, upper = as_pair(pair, "RandomContrast: factor")
        if not (0 <= lower <= 1 and 0 <= upper < np.inf):
            message = f"RandomContrast: factor {self.factor}; expected 0 <= lower <= 1, 0 <= upper"
            raise ValueError(message)
        object.__setattr__(self, "factor", (lower, upper))
        object.__setattr__(self, "value_range", check_range(self.value_range, "RandomContrast"))

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32, with bounds."""
        need_image(spec, "RandomContrast", frames=False)
        need_numbers(spec, "RandomContrast")
        again = spec.read_again + spec.height * spec.width * spec.channels
        numbers = calculated(spec, self.value_range)
        return replace(spec, clipped=True, read_again=again, **numbers)

    def _factor(self, unit: Any) -> Any:
        lower, upper = self.factor  # type: ignore[misc]
        return (1 - lower) + (lower + upper) * unit

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Multiply around the mean and clip."""
        factor = self._factor(units[:, :1])
        mean = means(tables)
        tables.affine.subtract_multiply(mean, factor)
        tables.affine.multiply_add(1.0, mean)
        tables.affine.clip(*self.value_range)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        mean = sample.mean(axis=(0, 1), dtype=np.float64)
        moved = (sample - mean) * self._factor(units[0]) + mean
        result: Floats = np.clip(moved, *self.value_range)
        return result
