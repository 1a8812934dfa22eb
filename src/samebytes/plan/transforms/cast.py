"""Another dtype."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import NUMBERS, ComponentSpec, Unfoldable
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform
from samebytes.share.dtypes import as_dtype

__all__ = ["Cast", "cast_values"]

OUTPUTS = tuple(name for name in NUMBERS if name != "bool")


@dataclass(frozen=True)
class Cast(Transform):
    """The values as `dtype`; folded. To integers they are rounded to even and saturate.

    Transforms that calculate after it keep a floating dtype (alone they give float32). A pass
    rounds once, when it writes: a Cast in the middle of a chain of floats loses nothing.

    Parameters
    ----------
    dtype : dtype-like
        float32, float16, bfloat16, float64, or an integer.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> ds = sb.Dataset.from_tensor_slices(np.float32([-1, 0.5, 1.5, 300])).map(sb.Cast("uint8"))
    >>> next(iter(ds.batch(4)))
    array([  0,   0,   2, 255], dtype=uint8)
    """

    dtype: Any

    def __post_init__(self) -> None:
        """Keep the dtype by its name, which compares, prints and pickles."""
        name = as_dtype(self.dtype).name
        if name not in OUTPUTS:
            message = f"Cast({name!r}): expected one of {', '.join(OUTPUTS)}"
            raise ValueError(message)
        object.__setattr__(self, "dtype", name)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as the dtype; after rounding nothing folds any more."""
        dtype = as_dtype(self.dtype)
        if spec.source_dtype.name not in NUMBERS:
            message = f"Cast converts numbers; got {spec.source_dtype.name}"
            raise ValueError(message)
        if spec.rounded and spec.dtype != dtype:
            message = f"Cast follows a Cast to {spec.dtype.name}, which has rounded already"
            raise Unfoldable(message)
        fractional = spec.dtype.kind == "f" or spec.dtype.name == "bfloat16"
        narrower = dtype.kind in "iu" and (fractional or not np.can_cast(spec.dtype, dtype))
        return replace(spec, dtype=dtype, rounded=spec.rounded or narrower, chosen=True)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Change no number: the pass writes the dtype."""

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one sample in the dtype."""
        return cast_values(sample, as_dtype(self.dtype))


def cast_values(values: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return `values` as `dtype`, to integers rounded half to even and saturated, NaN as 0."""
    if dtype.kind not in "iu" or values.dtype.kind == "b":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    if values.dtype.kind in "iu":
        # Compared as Python numbers, since no one dtype holds both int64 and uint64.
        low = max(int(limits.min), int(np.iinfo(values.dtype).min))
        high = min(int(limits.max), int(np.iinfo(values.dtype).max))
        clipped: npt.NDArray[Any] = np.clip(values, low, high).astype(dtype)
        return clipped
    rounded = np.rint(values.astype(np.float64))
    result = np.zeros(values.shape, dtype)
    inside = (rounded > float(limits.min)) & (rounded < float(limits.max))
    result[inside] = rounded[inside].astype(dtype)
    result[rounded <= float(limits.min)] = limits.min
    result[rounded >= float(limits.max)] = limits.max
    return result
