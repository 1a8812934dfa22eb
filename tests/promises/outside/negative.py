"""A transform from outside: some samples upside down and negative, folded as any other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

import samebytes as sb
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import calculated, need_image


@dataclass(frozen=True)
class RandomNegative(sb.Transform):
    """Each image upside down, and its negative, with a probability of `share`."""

    share: float = 0.5
    white: float = 255.0

    draws: ClassVar[int] = 1

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32, an image of the same size."""
        need_image(spec, "RandomNegative")
        return replace(spec, placed=True, **calculated(spec, self.white))

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Read the chosen samples from below, and take their values from white."""
        chosen = units[:, 0] < self.share
        tables.geometry.flip(rows=chosen, columns=np.zeros_like(chosen))
        sign = np.where(chosen, -1.0, 1.0)[:, np.newaxis]
        tables.affine.multiply_add(sign, np.where(chosen, self.white, 0.0)[:, np.newaxis])

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image after it, by plain NumPy."""
        if units[0] >= self.share:
            return sample
        return self.white - sample[::-1]
