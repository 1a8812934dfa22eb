"""What is calculated with, from float64 to the dtype of the arithmetic, with no digit lost.

``scale * x + offset`` in float32 is wrong where `x` lies far from zero and little is left of it:
both terms are large, each is rounded, and the roundings stay when they cancel (24-bit counts around
8.3 million came out 0.08 standard deviations off). ``(x - center) * scale + offset`` is not, if the
center is near to where the result is zero: the difference of near numbers is exact, and what the
center itself was rounded by goes, calculated in float64, into the small offset.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.affine import Affine, Floats
from samebytes.plan.component_spec import ComponentSpec

__all__ = ["centers_of", "factors_of", "mean_of"]

WHOLE = float(1 << 20)
"""Terms up to this are rounded by less than a quarter in float32."""


def factors_of(affine: Affine, spec: ComponentSpec, *, centered: bool = False) -> dict[str, Any]:
    """Return the factors of a batch by name, those that do nothing left out.

    Parameters
    ----------
    affine : Affine
        In float64.
    spec : ComponentSpec
        Of the component, which tells source, output and arithmetic.
    centered : bool
        Whether to give centers even where all are zero.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from samebytes.plan.component_spec import open_spec
    >>> spec = open_spec((2, 2, 1), np.dtype(np.uint16))
    >>> spec = replace(spec, linear=True, dtype=np.dtype(np.float32))
    >>> affine = Affine.identity(1)
    >>> affine.multiply_add(10, -300_001)
    >>> {name: table.item() for name, table in factors_of(affine, spec).items()}
    {'scale': 10.0, 'offset': -1.0, 'center': 30000.0}
    """
    center, offset = centers_of(affine, spec)
    found = {"scale": affine.scale, "offset": offset}
    if centered or center.any():
        found["center"] = center
    if affine.limited:
        found |= {"low": affine.low, "high": affine.high}
    return _alike(found, spec.arithmetic)


def mean_of(affine: Affine, spec: ComponentSpec, measure: Callable[..., Floats]) -> Floats:
    """Return the mean of each channel of what is written, from means of the source.

    What is linear is calculated from the mean, in float64, instead of the other way round; bounds
    are moved in front of it.

    Parameters
    ----------
    affine : Affine
        In float64.
    spec : ComponentSpec
        Of the component.
    measure : callable
        Gives the means of the source, within the bounds that it is given as factors by name.
    """
    if not affine.limited:
        return (measure() - affine.center) * affine.scale + affine.offset
    bounds = affine.low, affine.high
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = [(bound - affine.offset) / affine.scale + affine.center for bound in bounds]
    # A factor of 0 leaves no bounds in front of it.
    low = np.where(affine.scale == 0, -np.inf, np.minimum(*ends))
    high = np.where(affine.scale == 0, np.inf, np.maximum(*ends))
    plain = {"scale": np.ones_like(low), "offset": np.zeros_like(low)}
    # Bounds of integers are rounded by far less than a unit; those of floats would move with them.
    whole = spec.source_dtype.kind in "iub"
    dtype = spec.arithmetic if whole else np.dtype(np.float64)
    found = measure(**_alike({**plain, "low": low, "high": high}, dtype))
    return np.clip((found - affine.center) * affine.scale + affine.offset, *bounds)


def _alike(tables: dict[str, Floats], dtype: np.dtype[Any]) -> dict[str, Any]:
    """Return tables of one dtype, with a row for each sample as soon as one of them has."""
    same = np.broadcast_arrays(*tables.values())
    return {name: table.astype(dtype) for name, table in zip(tables, same, strict=True)}


def centers_of(affine: Affine, spec: ComponentSpec) -> tuple[Floats, Floats]:
    """Return centers that the arithmetic holds exactly, and the offsets that belong to them."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        crossing = affine.center - affine.offset / affine.scale
        center = _exact(crossing, spec).astype(np.float64)
    # Without a crossing there is nothing to cancel.
    useful = np.isfinite(center) & (affine.scale != 0)
    if spec.dtype.kind in "iu" and spec.dtype.itemsize <= 2:
        # What is rounded to whole numbers shows nothing of what smaller terms lose.
        useful &= np.abs(affine.offset - affine.center * affine.scale) > WHOLE
    center = np.where(useful, center, 0.0)
    return center, affine.offset + (center - affine.center) * affine.scale


def _exact(crossing: Floats, spec: ComponentSpec) -> npt.NDArray[Any]:
    """Return numbers of the arithmetic near to these, from which sources differ without rounding.

    Integers for sources of integers, whose products and sums then stay as exact as they were; and
    none beyond what the source can hold, where nothing can cancel.
    """
    source = spec.source_dtype
    if source.kind == "b":
        return np.clip(np.rint(crossing), 0, 1)
    if source.kind in "iu":
        limits = np.iinfo(source)
        return np.clip(np.rint(crossing), float(limits.min), float(limits.max))
    return crossing.astype(spec.arithmetic)
