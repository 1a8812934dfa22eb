"""Each channel of an image with its values spread as evenly as can be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Measure, Tables, level_values
from samebytes.plan.transforms.base import Transform, measured, pointwise
from samebytes.plan.transforms.random_brightness import check_range

__all__ = ["Equalization"]

LEVELS = 256


@dataclass(frozen=True)
class Equalization(Transform):
    """Each channel of an image with its histogram made flat, at 256 levels; folded.

    Values are those of ``keras.layers.Equalization`` with 256 bins, for whole levels. Deliberately
    different: a value between two levels is rounded to the nearer one, where Keras cuts it off.
    The histogram costs one more reading of the source; the batch is still written once.

    Parameters
    ----------
    value_range : (float, float)
        Of the values as they are when they come here: the lowest and the highest level.
    """

    value_range: tuple[float, float] = (0, 255)

    def __post_init__(self) -> None:
        """Refuse a range that is none."""
        object.__setattr__(self, "value_range", check_range(self.value_range, "Equalization"))

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32, with bounds."""
        found = measured(spec, "Equalization", self.value_range)
        table = pointwise(spec, "Equalization", self.value_range, drawn=True)
        return replace(found, staged=True, pointwise=table.pointwise)

    def _table(self, counts: Floats) -> Floats:
        """Return what each level becomes, of counts of values at each level."""
        low, high = self.value_range
        total = counts.cumsum(-1)
        # What is darkest becomes the lowest level.
        darkest = np.take_along_axis(counts, (counts > 0).argmax(-1)[..., np.newaxis], -1)
        spread = total[..., -1:] - darkest
        even = np.rint((total - darkest) * (LEVELS - 1) / np.where(spread == 0, 1, spread))
        levels = np.where(spread == 0, np.arange(LEVELS), np.clip(even, 0, LEVELS - 1))
        found: Floats = low + levels * ((high - low) / (LEVELS - 1))
        return found

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Look levels up."""
        counts = means(tables, Measure(LEVELS, *self.value_range))
        tables.look_up_levels(*self.value_range, self._table(counts))

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        values = np.moveaxis(np.asarray(sample, np.float64), -1, 0)
        values = values.reshape(1, len(values), -1)
        low, high = self.value_range
        identity = np.arange(float(LEVELS)).reshape(1, 1, -1)
        levels = level_values(identity, values, low, high).astype(np.int64)[0]
        counts = np.stack([np.bincount(one, minlength=LEVELS) for one in levels]).astype(float)
        found = level_values(self._table(counts)[np.newaxis], values, low, high)
        return np.moveaxis(found[0].reshape(-1, *sample.shape[:2]), 0, -1)
