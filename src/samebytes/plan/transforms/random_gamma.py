"""A power of the values, for each sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.stages import POWER, Done
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_range, pointwise
from samebytes.plan.transforms.random_brightness import check_range

__all__ = ["RandomGamma"]

MOST = 100.0


@dataclass(frozen=True)
class RandomGamma(Transform):
    """Each sample's values to a power of its own, within the value range; folded.

    Values are those of torchvision's ``adjust_gamma``: with a share s of the value range it is
    ``s ** gamma`` of it. What lies outside of the range is clipped to it first.

    Parameters
    ----------
    factor : (float, float)
        Least and most gamma, above 0 and up to 100; below 1 is brighter, above 1 darker. Its
        logarithm is uniform. One number g
        stands for (1 / g, g), so that as many are brighter as darker.
    value_range : (float, float)
        Of the values as they are when they come here.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> ds = sb.Dataset.from_tensor_slices(np.uint8([[[[0], [128], [255]]]]))
    >>> next(iter(ds.map(sb.RandomGamma((2, 2))).batch(1))).astype(float).round(1).ravel().tolist()
    [0.0, 64.3, 255.0]
    """

    factor: float | tuple[float, float]
    value_range: tuple[float, float] = (0, 255)

    draws: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse factors and ranges that are none."""
        given: Any = self.factor
        if np.ndim(given) == 0 and not isinstance(given, str) and given > 0:
            given = (min(given, 1 / given), max(given, 1 / given))
        found = as_range(given, "RandomGamma: factor", 0, MOST)
        if found[0] <= 0:
            message = f"RandomGamma: factor {self.factor}; expected numbers above 0"
            raise ValueError(message)
        object.__setattr__(self, "factor", found)
        object.__setattr__(self, "value_range", check_range(self.value_range, "RandomGamma"))

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32, with bounds."""
        return pointwise(spec, "RandomGamma", self.value_range, drawn=True)

    def _exponent(self, unit: Any) -> Any:
        lower, upper = self.factor  # type: ignore[misc]
        return lower * (upper / lower) ** np.asarray(unit)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Look the powers up, or calculate them."""
        exponent = self._exponent(units[:, 0])
        if tables.countable_by(len(units)):
            tables.look_up(lambda values: self._raised(values, exponent.reshape(-1, 1, 1)))
        else:
            tables.do(Done.all(POWER, *self.value_range, exponent))

    def _raised(self, values: Floats, exponent: Any) -> Floats:
        low, high = self.value_range
        share = (np.clip(values, low, high) - low) / (high - low)
        result: Floats = low + (high - low) * share**exponent
        return result

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one sample, calculated in float64."""
        return self._raised(np.asarray(sample, np.float64), self._exponent(units[0]))
