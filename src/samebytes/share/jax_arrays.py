"""JAX's arrays read where they lie; nothing here makes one to hand on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.share.loaded import loaded_class
from samebytes.share.refusal import refusal

__all__ = ["jax_device_of", "view_of_jax"]


def _as_jax(obj: object) -> Any:
    """Return `obj` if it is a ``jax.Array``, else None; imports nothing."""
    kind = loaded_class("jax", "Array")
    return obj if kind is not None and isinstance(obj, kind) else None


def _whole(array: Any) -> Any:
    """Return `array`, which has bytes in one place.

    Raises
    ------
    NotABuffer
        If it is only traced, its bytes were given away, or they lie in several places.
    """
    tracer = loaded_class("jax.core", "Tracer")
    if tracer is not None and isinstance(array, tracer):
        because = f"of shape {tuple(array.shape)}, it is traced and has no bytes yet"
        raise refusal(array, because, "Inside jit work on the array itself; outside pass the value")
    if not isinstance(array.dtype, np.dtype):
        raise refusal(array, "it is a key, not numbers", "Share its bits: jax.random.key_data(x)")
    if array.is_deleted():
        because = "its bytes were donated or deleted"
        raise refusal(array, because, "Share it before that, or leave out donate_argnums")
    if not array.is_fully_addressable:
        because = f"of shape {tuple(array.shape)}, part of it lies in other processes"
        raise refusal(array, because, "Share each part of this one: x.addressable_shards[k].data")
    parts = array.addressable_shards
    if len(parts) > 1:
        because = f"of shape {tuple(array.shape)}, it is spread over {len(parts)} devices"
        raise refusal(array, because, "Share each part: x.addressable_shards[k].data")
    return array


def jax_device_of(obj: object) -> str | None:
    """Return the device of a JAX array as ``CPU:0``, None for anything else."""
    array = _as_jax(obj)
    if array is None:
        return None
    (device,) = _whole(array).devices()
    return f"{device.platform.upper()}:{device.id}"


def view_of_jax(obj: object) -> npt.NDArray[Any] | None:
    """Return a read-only ndarray on a JAX array's bytes, None for anything else; never copies.

    Raises
    ------
    NotABuffer
        If it has no bytes in one place of host memory, or they are not laid out as NumPy's.
    """
    array = _as_jax(obj)
    if array is None:
        return None
    device = jax_device_of(array)
    if device is None or not device.startswith("CPU"):
        raise refusal(array, f"it lies on {device}", "Copy it to the host: jax.device_get(x)")
    found: npt.NDArray[Any] = np.asarray(array)
    if found.size and found.ctypes.data != array.unsafe_buffer_pointer():
        because = f"JAX keeps {array.dtype.name} in another layout than NumPy does"
        raise refusal(array, because)
    found = found.view()
    found.flags.writeable = False  # JAX takes an array for immutable
    return found
