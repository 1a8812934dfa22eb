"""TensorFlow's tensors read where they lie; nothing here makes one to hand on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.errors import NotABuffer
from samebytes.share.frameworks import import_tensorflow
from samebytes.share.loaded import loaded_class
from samebytes.share.refusal import type_name

__all__ = ["as_eager", "device_of", "device_values", "tensor_class", "view_of_tensor"]


def tensor_class() -> type[Any] | None:
    """Return ``tf.Tensor`` if TensorFlow is imported already, else None; imports nothing."""
    return loaded_class("tensorflow", "Tensor")


def as_eager(obj: Any) -> Any:
    """Return the eager tensor behind `obj`, a Tensor or a Variable, or None for other things.

    Raises
    ------
    NotABuffer
        For a symbolic tensor: it is a promise, and has no memory yet.
    """
    variable = loaded_class("tensorflow", "Variable")
    if variable is not None and isinstance(obj, variable):
        # Its present value: TensorFlow writes later values into memory of their own while
        # this one is held.
        obj = obj.value() if callable(obj.value) else obj.value
    tensor = tensor_class()
    if tensor is None or not isinstance(obj, tensor):
        return None
    if not hasattr(obj, "_numpy"):
        message = (
            f"a symbolic {type_name(obj)} of shape {tuple(obj.shape)} has no memory yet; inside a "
            "tf.function, work on the tensor itself; outside, pass the value"
        )
        raise NotABuffer(message)
    return obj


def device_of(tensor: Any) -> str:
    """Return where the tensor's bytes lie, as ``CPU:0``."""
    return str(tensor.backing_device).rpartition("device:")[2] or "CPU:0"


def device_values(obj: object) -> npt.NDArray[Any]:
    """Return the values of a tensor outside of host memory; always copies them to the host."""
    tensor = as_eager(obj)
    return np.asarray(obj if tensor is None else tensor)


def _reshape(tensor: Any, shape: tuple[int, ...]) -> Any:
    """Return an eager tensor on the same bytes in another shape, also while a graph is built."""
    tensorflow = import_tensorflow()
    with tensorflow.init_scope(), tensorflow.device("CPU:0"):
        return tensorflow.reshape(tensor, shape)


def view_of_tensor(obj: object) -> npt.NDArray[Any] | None:
    """Return a read-only ndarray on a host tensor's bytes, None for non-tensors; never copies."""
    tensor = as_eager(obj)
    if tensor is None:
        return None
    if tensor.dtype.name in {"string", "variant", "resource"}:
        message = (
            f"a tf.Tensor of {tensor.dtype.name} holds no plain values to share; copy it: x.numpy()"
        )
        raise NotABuffer(message)
    if not device_of(tensor).startswith("CPU"):
        message = f"this tf.Tensor lies on {device_of(tensor)}; copy it to the host: x.numpy()"
        raise NotABuffer(message)
    if tensor.shape.rank == 0:
        # Of a 0-d tensor of bfloat16 and the like, TensorFlow makes a scalar, not an array.
        array = np.asarray(_reshape(tensor, (1,))).reshape(())
    else:
        array = np.asarray(tensor)
    # TensorFlow takes a tensor for immutable and may have used it already.
    array.flags.writeable = False
    return array
