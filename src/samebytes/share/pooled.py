"""Tensors on memory that this library made: aligned and dense by construction, so never judged.

What `as_tensor` finds out about an array it is given, and puts into words, takes a third of a
millisecond for each batch once the caches hold the batch instead. Here all of it is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from samebytes.memory.aligned import address_of
from samebytes.share.doors import ALIGNMENT, door_for
from samebytes.share.frameworks import import_tensorflow
from samebytes.share.guard import record_shared
from samebytes.share.strings import is_string
from samebytes.share.tensorflow import as_tensor

__all__ = ["tensors_on", "tensors_on_rows"]

Array = npt.NDArray[Any]


def tensors_on(arrays: Sequence[Array]) -> list[Any]:
    """Return a tensor on the bytes of each array; never copies where `as_tensor` would not.

    Parameters
    ----------
    arrays : sequence of ndarray
        Of one dtype; dense, aligned, writable, in this machine's byte order.
    """
    tensorflow = import_tensorflow()
    nbytes = sum(array.nbytes for array in arrays)
    door = door_for(arrays[0].dtype, readonly=False) if nbytes else None
    if door is None or not tensorflow.executing_eagerly():
        return [as_tensor(array) for array in arrays]
    record_shared(len(arrays), nbytes)
    return [door(tensorflow, array) for array in arrays]


def tensors_on_rows(array: Array) -> list[Any]:
    """Return a tensor for each ``array[k]``; never copies what is aligned.

    Parameters
    ----------
    array : ndarray
        Any; rows that are not dense, aligned and writable are judged one by one.
    """
    # Without axes a row of strings would be a scalar, which lends its bytes without their meaning.
    rows = [array[k, ...] for k in range(len(array))] if is_string(array.dtype) else list(array)
    return tensors_on(rows) if _is_pooled(array) else [as_tensor(row) for row in rows]


def _is_pooled(array: Array) -> bool:
    if array.ndim < 2 or array.nbytes == 0 or array.strides[0] % ALIGNMENT:
        return False
    # A function that runs after the pass may have put an array of its own in the place of ours.
    dense = array.flags.c_contiguous and array.dtype.isnative and array.flags.writeable
    return dense and address_of(array) % ALIGNMENT == 0
