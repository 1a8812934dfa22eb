"""A normal number of its own added to each value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.noise import keys_of, noise
from samebytes.plan.stages import NOISE, Done
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_range, by_place
from samebytes.plan.transforms.random_saturation import optional_range

__all__ = ["GaussianNoise"]


@dataclass(frozen=True)
class GaussianNoise(Transform):
    """Each value of an image plus a normal number of its own; folded.

    Named as ``keras.layers.GaussianNoise``. The numbers are hashes of (seed, epoch, sample, pixel),
    so they depend on nothing else, and a crop of the noise is the noise of the crop. They are
    chosen among 8,192 equally likely ones, within 4 standard deviations.

    Parameters
    ----------
    stddev : float or (float, float)
        Standard deviation, or a range that it is uniform in, one for each sample.
    value_range : (float, float), optional
        What results are clipped to; by default nothing is.
    """

    stddev: float | tuple[float, float]
    value_range: tuple[float, float] | None = None

    draws: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Refuse deviations and ranges that are none."""
        most = float(np.finfo(np.float32).max)
        found = as_range(self.stddev, "GaussianNoise: stddev", 0, most, single=(1.0, 1.0))
        object.__setattr__(self, "stddev", found)
        object.__setattr__(self, "value_range", optional_range(self.value_range, "GaussianNoise"))

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        found = by_place(spec, "GaussianNoise", self.value_range or ())
        return replace(found, clipped=spec.clipped or self.value_range is not None)

    def _deviation(self, unit: Any) -> Any:
        lower, upper = self.stddev  # type: ignore[misc]
        return lower + (upper - lower) * unit

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Add noise and clip."""
        tables.do(Done.all(NOISE, self._deviation(units[:, 1]), keys=keys_of(units[:, 0])))
        if self.value_range is not None:
            tables.affine.clip(*self.value_range)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        key = int(keys_of(units[:1])[0])
        height, width, channels = sample.shape
        found: Floats = sample + self._deviation(units[1]) * noise(key, height, width, channels)
        return found if self.value_range is None else np.clip(found, *self.value_range)
