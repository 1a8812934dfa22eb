"""What a dataset reads: arrays on the bytes that came, or a refusal in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.share.array import as_array

__all__ = ["as_source"]


def as_source(name: str, leaf: Any) -> npt.NDArray[Any]:
    """Give the array of one component, on the bytes that came; only lists are copied.

    Raises
    ------
    TypeError
        If it holds objects, or is masked.
    ValueError
        If it is a single value.
    """
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
    found: npt.NDArray[Any] = as_array(array).view(np.ndarray)
    if found.ndim == 0:
        message = f"component {name} is a single value; expected an axis of samples"
        raise ValueError(message)
    return found
