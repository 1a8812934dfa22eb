"""A term of its own for each sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_pair, calculated, need_numbers

__all__ = ["RandomBrightness", "check_range"]


@dataclass(frozen=True)
class RandomBrightness(Transform):
    """Each sample brighter or darker by a random share of the value range; folded.

    Values are those of ``keras.layers.RandomBrightness``: a term, uniform in `factor` times the
    width of `value_range`, then clipped to that range.

    Parameters
    ----------
    factor : float or (float, float)
        Least and most share, between -1 and 1; one number stands for (-factor, factor).
    value_range : (float, float)
        Of the values as they are when they come here.
    """

    factor: float | tuple[float, float]
    value_range: tuple[float, float] = (0, 255)

    draws: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse shares and ranges that are none."""
        given: Any = self.factor
        pair = given if np.ndim(given) or isinstance(given, str) else (-abs(given), abs(given))
        lower, upper = as_pair(pair, "RandomBrightness: factor")
        if not -1 <= lower <= upper <= 1:
            message = f"RandomBrightness: factor {self.factor} is no pair -1 <= lower <= upper <= 1"
            raise ValueError(message)
        object.__setattr__(self, "factor", (lower, upper))
        object.__setattr__(self, "value_range", check_range(self.value_range, "RandomBrightness"))

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32, with bounds."""
        need_numbers(spec, "RandomBrightness")
        return replace(spec, clipped=True, **calculated(spec, self.value_range))

    def term(self, unit: Any) -> Any:
        """Return the terms of draws."""
        lower, upper = self.factor  # type: ignore[misc]
        low, high = self.value_range
        return (lower + (upper - lower) * unit) * (high - low)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Add the drawn term and clip."""
        tables.affine.multiply_add(1.0, self.term(units[:, :1]))
        tables.affine.clip(*self.value_range)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one sample, calculated in float64."""
        result: Floats = np.clip(sample + self.term(units[0]), *self.value_range)
        return result


def check_range(value_range: Any, what: str) -> tuple[float, float]:
    """Return a range of values as a pair of numbers, or refuse what is none."""
    low, high = as_pair(value_range, f"{what}: value_range")
    if not (np.isfinite(high - low) and low < high):
        message = f"{what}: value_range {value_range} is empty; expected (low, high), low < high"
        raise ValueError(message)
    return low, high
