"""Bright values turned round, from a threshold of its own for each sample on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.stages import SOLARIZE, Done
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_range, pointwise
from samebytes.plan.transforms.random_brightness import check_range

__all__ = ["RandomSolarization"]


@dataclass(frozen=True)
class RandomSolarization(Transform):
    """Values from a threshold on turned round, ``low + high - x``; folded.

    Values are those of ``keras.layers.Solarization`` and of torchvision's ``solarize``.
    Deliberately different: the lower ends of both ranges are shares of the value range, too, where
    Keras takes them for values.

    Parameters
    ----------
    threshold_factor : float or (float, float)
        Where it begins, as a share of the value range, uniform in this range; one number stands
        for (0, threshold_factor). With (0, 0) every value is turned round.
    addition_factor : float or (float, float)
        What is added before that, as a share of the value range; the sum is clipped to it.
    value_range : (float, float)
        Of the values as they are when they come here.
    """

    threshold_factor: float | tuple[float, float] = 0.0
    addition_factor: float | tuple[float, float] = 0.0
    value_range: tuple[float, float] = (0, 255)

    draws: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Refuse factors and ranges that are none."""
        for name in ("threshold_factor", "addition_factor"):
            found = as_range(getattr(self, name), f"RandomSolarization: {name}", 0, 1)
            object.__setattr__(self, name, found)
        object.__setattr__(self, "value_range", check_range(self.value_range, "RandomSolarization"))

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32, with bounds."""
        return pointwise(spec, "RandomSolarization", self.value_range, drawn=True)

    def _numbers(self, units: Floats) -> tuple[Any, Any]:
        """Return what is added, and the thresholds."""
        low, high = self.value_range
        least, most = np.transpose([self.threshold_factor, self.addition_factor])
        found = (least + (most - least) * units) * (high - low)
        return found[..., 1], found[..., 0] + low

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Turn round what is above the thresholds."""
        numbers = self._numbers(units)
        if tables.countable_by(len(units)):
            each = [number[:, np.newaxis, np.newaxis] for number in numbers]
            tables.look_up(lambda values: self._solarized(values, *each))
        else:
            tables.do(Done.all(SOLARIZE, *self.value_range, *numbers))

    def _solarized(self, values: Floats, added: Any, threshold: Any) -> Floats:
        found = np.clip(values + added, *self.value_range)
        result: Floats = np.where(found >= threshold, sum(self.value_range) - found, found)
        return result

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one sample, calculated in float64."""
        return self._solarized(np.asarray(sample, np.float64), *self._numbers(units))
