"""What is calculated with, from float64 to the dtype of the arithmetic, with no digit lost.

``scale * x + offset`` in float32 is wrong where `x` lies far from zero and little is left of it:
both terms are large, each is rounded, and the roundings stay when they cancel (24-bit counts around
8.3 million came out 0.08 standard deviations off). ``(x - center) * scale + offset`` is not, if the
center is near to where the result is zero: the difference of near numbers is exact, and what the
center itself was rounded by goes, calculated in float64, into the small offset.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.dataset.fold import Floats, Fold, Tables

__all__ = ["factors_of"]


def factors_of(
    tables: Tables, fold: Fold, dtype: npt.DTypeLike | None = None, *, centered: bool = False
) -> dict[str, Any]:
    """Return the factors of a batch by name, those that do nothing left out.

    Parameters
    ----------
    tables : Tables
        In float64.
    fold : Fold
        Of the component, which tells the source.
    dtype : dtype-like, optional
        Of the arithmetic; by default that of `fold`.
    centered : bool
        Whether to give centers even where all are zero.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from samebytes.dataset.fold import open_fold, open_tables
    >>> fold = replace(open_fold((2, 2, 1), np.dtype(np.uint16)), linear=True)
    >>> tables = open_tables(fold)
    >>> tables.multiply_add(10, -300_001)
    >>> {name: table.item() for name, table in factors_of(tables, fold).items()}
    {'scale': 10.0, 'offset': -1.0, 'center': 30000.0}
    """
    arithmetic = fold.arithmetic if dtype is None else np.dtype(dtype)
    center, offset = _centered(tables, fold, arithmetic)
    found = {"scale": tables.scale, "offset": offset}
    if centered or center.any():
        found["center"] = center
    if tables.limited:
        found |= {"low": tables.low, "high": tables.high}
    # A row for each sample as soon as one of them has.
    same = np.broadcast_arrays(*found.values())
    return {name: table.astype(arithmetic) for name, table in zip(found, same, strict=True)}


def _centered(tables: Tables, fold: Fold, arithmetic: np.dtype[Any]) -> tuple[Floats, Floats]:
    """Return centers that the arithmetic holds exactly, and the offsets that belong to them."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        crossing = tables.center - tables.offset / tables.scale
        center = _exact(crossing, fold.source_dtype, arithmetic).astype(np.float64)
    # Without a crossing there is nothing to cancel.
    center = np.where(np.isfinite(center) & (tables.scale != 0), center, 0.0)
    return center, tables.offset + (center - tables.center) * tables.scale


def _exact(crossing: Floats, source: np.dtype[Any], arithmetic: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return numbers of the arithmetic near to these, from which sources differ without rounding.

    Integers for sources of integers, whose products and sums then stay as exact as they were; and
    none beyond what the source can hold, where nothing can cancel.
    """
    if source.kind == "b":
        return np.clip(np.rint(crossing), 0, 1)
    if source.kind in "iu":
        limits = np.iinfo(source)
        return np.clip(np.rint(crossing), float(limits.min), float(limits.max))
    return crossing.astype(arithmetic)
