"""A factor and a term for every value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import (
    Transform,
    as_numbers,
    calculated,
    need_factors,
    need_numbers,
)

__all__ = ["Rescaling"]

Numbers = float | tuple[float, ...]


@dataclass(frozen=True)
class Rescaling(Transform):
    """Each value times `scale`, plus `offset`, as float32; folded into the pass.

    Values are those of ``keras.layers.Rescaling``; both may be one number a channel.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> ds = sb.Dataset.from_tensor_slices(np.uint8([0, 1, 255])).map(sb.Rescaling(2, offset=-1))
    >>> next(iter(ds.batch(3)))
    array([ -1.,   1., 509.], dtype=float32)
    """

    scale: Numbers
    offset: Numbers = 0.0

    def __post_init__(self) -> None:
        """Keep arrays and lists as tuples, which compare and print."""
        for name in ("scale", "offset"):
            value = as_numbers(getattr(self, name), f"Rescaling: {name}")
            object.__setattr__(self, name, value)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        need_numbers(spec, "Rescaling")
        need_factors(spec, "Rescaling", scale=self.scale, offset=self.offset)
        return replace(spec, **calculated(spec, self.scale, self.offset))

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Multiply and add."""
        tables.affine.multiply_add(self.scale, self.offset)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one sample, calculated in float64."""
        result: Floats = sample * np.asarray(self.scale) + np.asarray(self.offset)
        return result
