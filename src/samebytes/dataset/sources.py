"""What a dataset reads: arrays on the bytes that came, or a refusal in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from samebytes.dataset.arguments import check_axes
from samebytes.dataset.joined import Joined
from samebytes.share.array import as_array

__all__ = ["as_source", "as_sources"]


def as_sources(names: Sequence[str], leaves: Sequence[Any]) -> tuple[Any, ...]:
    """Give the arrays of all components, which have a first axis of one length; never copies.

    Raises
    ------
    ValueError
        If there is none, one has no axis, or two differ in length.
    TypeError
        If one holds objects, or is masked.
    """
    if not leaves:
        message = "from_tensor_slices needs at least one array; got an empty structure"
        raise ValueError(message)
    arrays = tuple(as_source(name, leaf) for name, leaf in zip(names, leaves, strict=True))
    first = len(arrays[0])
    for name, array in zip(names, arrays, strict=True):
        if len(array) != first:
            message = (
                f"components differ in length: {names[0]} has {first:,} samples, "
                f"{name} has {len(array):,}; cut them to the same"
            )
            raise ValueError(message)
    return arrays


def as_source(name: str, leaf: Any) -> Any:
    """Give the array of one component, on the bytes that came; only lists are copied.

    Raises
    ------
    TypeError
        If it holds objects, or is masked.
    ValueError
        If it is a single value.
    """
    if isinstance(leaf, Joined):
        check_axes(leaf.ndim, name, f"the shape {leaf.shape}")
        return leaf
    if isinstance(leaf, np.ma.MaskedArray):
        message = f"component {name} is a masked array; fill it (x.filled(0)) or give the mask too"
        raise TypeError(message)
    array = np.asarray(leaf) if isinstance(leaf, list) else leaf
    if getattr(getattr(array, "dtype", None), "hasobject", False):
        message = (
            f"component {name} holds Python objects ({array.dtype}); expected numbers, strings "
            "of fixed length or records"
        )
        raise TypeError(message)
    found = as_array(array).view(np.ndarray)
    if found.ndim == 0:
        message = f"component {name} is a single value; expected an axis of samples"
        raise ValueError(message)
    check_axes(found.ndim, name, f"the shape {found.shape}")
    return found
