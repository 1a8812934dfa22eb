"""PyTorch's tensors read where they lie; nothing here makes one to hand on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.share.dlpack import check_states, view_of_dlpack
from samebytes.share.dtypes import as_dtype
from samebytes.share.frameworks import import_torch
from samebytes.share.loaded import loaded_class

__all__ = ["view_of_torch"]

NARROW = ("bfloat16", "float8_")
"""How the names begin of what DLPack, or NumPy's reading of it, has no name for; ml_dtypes has."""


def view_of_torch(obj: Any) -> npt.NDArray[Any] | None:
    """Return an ndarray on the bytes of a ``torch.Tensor``, None for other things; never copies.

    Raises
    ------
    NotABuffer
        If it has none in host memory, they are not its values, or NumPy has no such dtype.
    """
    kind = loaded_class("torch", "Tensor")
    if kind is None or not isinstance(obj, kind):
        return None
    dtype = _narrow_dtype(str(obj.dtype).removeprefix("torch."))
    if dtype is None:
        return view_of_dlpack(obj)
    check_states(obj)
    integers = getattr(import_torch(), f"uint{8 * dtype.itemsize}")
    bits: npt.NDArray[Any] = view_of_dlpack(obj.view(integers)).view(dtype)
    return bits


def _narrow_dtype(name: str) -> np.dtype[Any] | None:
    """Return the dtype of that name, if it is one of ml_dtypes'."""
    if not name.startswith(NARROW):
        return None
    try:
        return as_dtype(name)
    except TypeError:  # this version of ml_dtypes does not have it yet
        return None
