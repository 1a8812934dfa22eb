"""Each channel of an image stretched over the whole range of values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import EXTREMES, Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, measured
from samebytes.plan.transforms.random_brightness import check_range

__all__ = ["AutoContrast"]


@dataclass(frozen=True)
class AutoContrast(Transform):
    """Each channel of an image stretched so that it fills the value range; folded.

    Values are those of ``keras.layers.AutoContrast`` and of torchvision's ``autocontrast``. A
    channel of one value stays as it is. The extremes cost one more reading of the source; the batch
    is still written once.

    Parameters
    ----------
    value_range : (float, float)
        What is to be filled.
    """

    value_range: tuple[float, float] = (0, 255)

    def __post_init__(self) -> None:
        """Refuse a range that is none."""
        object.__setattr__(self, "value_range", check_range(self.value_range, "AutoContrast"))

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        return replace(measured(spec, "AutoContrast", self.value_range), staged=True, clipped=True)

    def _numbers(self, least: Floats, most: Floats) -> tuple[Floats, Floats, Floats]:
        """Return what is subtracted, then multiplied, then added."""
        low, high = self.value_range
        flat = most <= least
        factor = (high - low) / np.where(flat, 1, most - least)
        return np.where(flat, 0, least), np.where(flat, 1, factor), np.where(flat, 0, low)

    def _bounds(self, least: Floats, most: Floats) -> tuple[Floats, Floats]:
        """Return the value range, where a channel fills it."""
        low, high = self.value_range
        flat = most <= least
        return np.where(flat, -np.inf, low), np.where(flat, np.inf, high)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Stretch what was measured."""
        found = means(tables, EXTREMES)
        term, factor, low = self._numbers(found[..., 0], found[..., 1])
        tables.affine.subtract_multiply(term, factor)
        tables.affine.multiply_add(1.0, low)
        tables.affine.clip(*self._bounds(found[..., 0], found[..., 1]))

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        values = np.asarray(sample, np.float64)
        least, most = values.min((0, 1)), values.max((0, 1))
        term, factor, low = self._numbers(least, most)
        return np.clip((values - term) * factor + low, *self._bounds(least, most))
