"""Components of a dataset that no tensor can hold: refused by their names, with the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from samebytes.errors import Unconvertible
from samebytes.share.strings import is_string
from samebytes.share.tensorflow import supports

__all__ = ["check_components"]


def _has(dtype: np.dtype[Any]) -> bool:
    return is_string(dtype) or supports(dtype.newbyteorder("="))


def check_components(
    components: Iterable[tuple[str, np.dtype[Any]]],
    framework: str = "TensorFlow",
    has: Callable[[np.dtype[Any]], bool] = _has,
) -> None:
    """Refuse components whose dtype a framework does not have; strings TensorFlow has.

    Parameters
    ----------
    components : iterable of (str, numpy.dtype)
        Their names and dtypes.
    framework : str
        As prose names it.
    has : callable
        Whether the framework has a dtype, be it in the other byte order.

    Raises
    ------
    Unconvertible
        For the first that has none: dates, extended precision, records, raw bytes.
    """
    for name, dtype in components:
        if has(dtype):
            continue
        because, instead = _remedy(dtype, framework)
        message = (
            f"component {name} of {dtype.name} cannot become a tensor: {because}. Pass instead: "
            f"{instead}"
        )
        raise Unconvertible(message)


def _remedy(dtype: np.dtype[Any], framework: str) -> tuple[str, str]:
    """Return why there is no such tensor, and what to give in its place."""
    size = dtype.itemsize
    if is_string(dtype):
        because = f"{framework} has no strings"
        return because, "numbers in their place, np.unique(x, return_inverse=True)[1], or nothing"
    if dtype.names is not None:
        fields = ", ".join(f"{name!r}: x[{name!r}]" for name in dtype.names)
        return "a tensor has one dtype, and this has fields", f"the fields one by one, {{{fields}}}"
    if dtype.kind in "mM":
        because = f"{framework} has no dates; their 64-bit counts are the same bytes"
        return because, 'x.view("int64")'
    if dtype.kind in "fc":
        narrower = "float64" if dtype.kind == "f" else "complex128"
        return f"{framework} has no dtype as wide", f'x.astype("{narrower}")'
    because = f"this version of {framework} has no such dtype; its bits can be passed"
    if size in (1, 2, 4, 8):
        return because, f'x.view("uint{8 * size}")'
    return because, f'x[..., None].view("uint8"), with an axis of {size} bytes'
