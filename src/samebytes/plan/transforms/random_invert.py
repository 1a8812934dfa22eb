"""Negatives, by a coin a sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_range, calculated, need_numbers
from samebytes.plan.transforms.random_brightness import check_range

__all__ = ["RandomInvert"]


@dataclass(frozen=True)
class RandomInvert(Transform):
    """Some samples as their negative, ``low + high - x``; folded.

    Named as ``keras.layers.RandomInvert``, with its arguments. Deliberately different: of a range
    that does not begin at 0 Keras gives ``high - x``, which leaves the range.

    Parameters
    ----------
    factor : float or (float, float)
        Keras draws the probability itself from this range, so the share of negatives is the middle
        of it. One number stands for (0, factor).
    value_range : (float, float)
        Of the values as they are when they come here.
    """

    factor: float | tuple[float, float] = 1.0
    value_range: tuple[float, float] = (0, 255)

    draws: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse factors and ranges that are none."""
        object.__setattr__(self, "factor", as_range(self.factor, "RandomInvert: factor", 0, 1))
        object.__setattr__(self, "value_range", check_range(self.value_range, "RandomInvert"))

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        need_numbers(spec, "RandomInvert")
        return replace(spec, **calculated(spec, self.value_range))

    def _numbers(self, unit: Any) -> tuple[Any, Any]:
        lower, upper = self.factor  # type: ignore[misc]
        chosen = np.asarray(unit) < (lower + upper) / 2
        return np.where(chosen, -1.0, 1.0), np.where(chosen, sum(self.value_range), 0.0)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Turn the chosen samples round."""
        tables.affine.multiply_add(*self._numbers(units[:, :1]))

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one sample, calculated in float64."""
        factor, term = self._numbers(units[0])
        result: Floats = sample * factor + term
        return result
