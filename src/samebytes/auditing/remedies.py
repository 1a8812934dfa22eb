"""The line to write instead of one that copies."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.share.array import Array

__all__ = ["for_array", "for_batch", "for_cast", "for_rewriting", "for_tensor"]

_SAME_ARGUMENTS = {
    "keras.utils.timeseries_dataset_from_array": "sb.timeseries_dataset_from_array(...), "
    "same arguments",
}


def for_array(array: npt.NDArray[Any], way: str) -> str:
    """Return how to make `array` so that `way` no longer copies it."""
    if way in _SAME_ARGUMENTS:
        return _SAME_ARGUMENTS[way]
    made_here = isinstance(array, Array)
    line = "" if made_here else _opened(array) or "x = sb.aligned(x)"
    if way == "tf.constant":  # copies whatever it is given
        return "; ".join(filter(None, (line, "t = tf.convert_to_tensor(x)")))
    if way == "tf.Variable":  # which has memory of its own: one copy of two stays
        return "; ".join(filter(None, (line, "tf.Variable(sb.as_tensor(x))")))
    return line or "x = sb.aligned(x)"


def _opened(array: npt.NDArray[Any]) -> str | None:
    """Return the line that opens the whole file of a mapped array, None for any other array."""
    if not isinstance(array, np.memmap) or array.filename is None:
        return None
    name = os.fspath(array.filename)
    return f"x = sb.open({os.path.basename(name)!r})" if name.endswith(".npy") else None  # noqa: PTH119


def for_cast(dtype: np.dtype[Any]) -> str:
    """Return how to have an array in `dtype` before Keras casts all of it, each time anew."""
    return f"x = sb.aligned(x, {dtype.name!r})"


def for_batch(batch: npt.NDArray[Any], *, give: str) -> str:
    """Return how to make a batch where TensorFlow reads it in place."""
    return f"batch = sb.empty({batch.shape}, {batch.dtype.name!r}); batch[:] = ...; {give} batch"


def for_tensor() -> str:
    """Return how to read a tensor from NumPy in place."""
    return "sb.as_array(t)"


def for_rewriting() -> str:
    """Return how to keep tf.data from writing tensors into its graph."""
    return (
        "options = tf.data.Options(); "
        "options.experimental_optimization.apply_default_optimizations = False; "
        "ds = ds.with_options(options)"
    )
