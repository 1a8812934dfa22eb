"""Tensors on memory that this library made: aligned and dense by construction, so never judged.

What `as_tensor` finds out about an array it is given, and puts into words, takes a third of a
millisecond for each batch once the caches hold the batch instead. Here all of it is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from samebytes.memory.aligned import address_of
from samebytes.share.doors import ALIGNMENT, door_for, import_tensorflow, takes_apart
from samebytes.share.guard import record_shared
from samebytes.share.tensorflow import as_tensor

__all__ = ["stacks_on", "tensors_on"]

Array = npt.NDArray[Any]


def tensors_on(arrays: Sequence[Array]) -> list[Any]:
    """Give a tensor on the bytes of each array; never copies where `as_tensor` would not.

    Parameters
    ----------
    arrays : sequence of ndarray
        Dense, aligned, writable, in this machine's byte order.
    """
    tensorflow = import_tensorflow()
    probed = (door_for(array.dtype, readonly=False) for array in arrays if array.nbytes)
    doors = [door for door in probed if door is not None]
    if len(doors) < len(arrays) or not tensorflow.executing_eagerly():
        return [as_tensor(array) for array in arrays]
    record_shared(len(arrays), sum(array.nbytes for array in arrays))
    with tensorflow.device("CPU:0"):
        return [door(tensorflow, array) for door, array in zip(doors, arrays, strict=True)]


def stacks_on(arrays: Sequence[Array]) -> list[list[Any]]:
    """Give for each array a tensor for each ``array[k]``; never copies what begins aligned.

    All of an array go over in one call and TensorFlow takes them apart on the same bytes: a call
    for each would take longer than making a small batch.

    Parameters
    ----------
    arrays : sequence of ndarray
        Any; what is not dense, aligned and writable goes over one by one.
    """
    tensorflow = import_tensorflow()
    if not all(map(_comes_apart, arrays)) or not tensorflow.executing_eagerly():
        return [[as_tensor(part) for part in array] for array in arrays]
    record_shared(len(arrays), sum(array.nbytes for array in arrays))
    with tensorflow.device("CPU:0"):
        return [tensorflow.raw_ops.Unpack(value=array, num=len(array), axis=0) for array in arrays]


def _comes_apart(array: Array) -> bool:
    if len(array) < 2 or array.nbytes == 0 or array.strides[0] % ALIGNMENT:
        return False
    # A function that runs after the pass may have put an array of its own in the place of ours.
    dense = array.flags.c_contiguous and array.dtype.isnative and array.flags.writeable
    return dense and address_of(array) % ALIGNMENT == 0 and takes_apart(array.dtype)
