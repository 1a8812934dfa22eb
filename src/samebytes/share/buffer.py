"""A NumPy view of anything that exports memory, whatever the protocol; it never copies."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.errors import NotABuffer
from samebytes.share.dlpack import view_of_dlpack
from samebytes.share.jax_arrays import view_of_jax
from samebytes.share.loaded import loaded_class
from samebytes.share.memoryviews import FULL_READ_ONLY, view_of_export, view_of_memoryview
from samebytes.share.refusal import asked, refusal, type_name
from samebytes.share.tensors import view_of_tensor
from samebytes.share.torch_tensors import view_of_torch

__all__ = ["type_name", "view"]

_CTYPES = (ctypes.Array, ctypes.Structure, ctypes.Union)


class _Owner:
    """What an exported array must keep alive besides its memory, and where that memory is."""

    def __init__(self, array: npt.NDArray[Any], *keep: object) -> None:
        self.__array_interface__ = array.__array_interface__
        self._array: npt.NDArray[Any] | None = array
        self._keep = keep

    @property
    def base(self) -> npt.NDArray[Any] | None:
        """The memory's array, for those who look for what lies below a view, as of any array."""
        return self._array

    def __del__(self) -> None:
        # The export goes first: SharedMemory cannot close while it is held.
        self._array = None


def view(obj: object) -> npt.NDArray[Any]:
    """Return an ndarray on the bytes of `obj`, N-D, keeping read-only; never copies.

    Parameters
    ----------
    obj : object
        An ndarray or subclass; a buffer of any format and rank (memoryview, bytes, bytearray,
        ``array.array``, ctypes, mmap); a ``SharedMemory``; an Arrow array without nulls; a
        tensor of TensorFlow or array of JAX on the processor; an object with
        ``__array_interface__``, ``__buffer__`` or, on the CPU, ``__dlpack__``.

    Raises
    ------
    NotABuffer
        If `obj` exports no memory, or none that a strided array can describe.
    """
    if isinstance(obj, np.ndarray):
        return _view_of_ndarray(obj)
    for recognise in (
        view_of_tensor,
        view_of_torch,
        view_of_jax,
        _view_of_shared_memory,
        _view_of_arrow,
        _view_of_ctypes,
        _view_of_numpy_scalar,
    ):
        found = recognise(obj)
        if found is not None:
            return found
    try:
        exported = memoryview(obj)  # type: ignore[arg-type]
    except TypeError:
        return _view_by_protocol(obj)
    except (ValueError, BufferError) as reason:
        return _view_by_protocol(obj, reason)
    return view_of_memoryview(exported, obj)


def _view_of_ndarray(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if isinstance(array, np.ma.MaskedArray) and np.ma.getmask(array) is not np.ma.nomask:
        message = (
            "a masked array has two buffers, data and mask, but a tensor holds one; share them "
            "separately (x.data, x.mask), or fill the gaps: x.filled(value)"
        )
        raise NotABuffer(message)
    return array.view(np.ndarray)


def _view_of_shared_memory(obj: object) -> npt.NDArray[Any] | None:
    kind = loaded_class("multiprocessing.shared_memory", "SharedMemory")
    if kind is None or not isinstance(obj, kind):
        return None
    exported = obj.buf
    if exported is None:
        message = "this SharedMemory is closed; attach to it again by its name"
        raise NotABuffer(message)
    # The block must outlive the array: SharedMemory closes its mapping when it is collected.
    return np.asarray(_Owner(np.asarray(exported), obj))


def _view_of_arrow(obj: object) -> npt.NDArray[Any] | None:
    if "pyarrow" not in sys.modules:
        return None
    from samebytes.share import arrow  # which imports pyarrow

    return arrow.view(obj)


def _view_of_ctypes(obj: object) -> npt.NDArray[Any] | None:
    if not isinstance(obj, _CTYPES):
        return None
    try:
        # The class knows its padding; the PEP 3118 format that ctypes exports forgets it.
        dtype = np.dtype(type(obj))
    except (TypeError, ValueError, NotImplementedError) as reason:
        element: Any = type(obj)
        while issubclass(element, ctypes.Array):
            element = element._type_
        if issubclass(element, (ctypes.Structure, ctypes.Union)):
            raise refusal(obj, str(reason)) from reason
        return None  # pointers and wide characters; the buffer may still be readable
    if dtype.hasobject:
        raise refusal(obj, "it holds Python objects, not their bytes")
    return view_of_export(obj, (), dtype)


def _view_of_numpy_scalar(obj: object) -> npt.NDArray[Any] | None:
    if not isinstance(obj, (np.datetime64, np.timedelta64, np.void)) or obj.dtype.hasobject:
        return None
    return view_of_export(obj, (), obj.dtype)  # their buffers forget what the bytes mean


def _view_by_protocol(obj: object, reason: Exception | None = None) -> npt.NDArray[Any]:
    """Try the protocols that memoryview does not speak, in the order of what they tell."""
    kind = type(obj)
    # A NumPy scalar has an __array_interface__ too, but of a copy made for the occasion.
    if not isinstance(obj, np.generic):
        if hasattr(kind, "__array_interface__") or hasattr(obj, "__array_interface__"):
            return _view_of_interface(obj)
        if hasattr(kind, "__buffer__"):  # Python 3.12 asks it itself, older ones do not
            return asked(obj, lambda: _view_of_buffer_method(obj))
        if hasattr(kind, "__dlpack__"):
            return view_of_dlpack(obj)
    raise refusal(obj, None if reason is None else str(reason)) from reason


def _view_of_interface(obj: Any) -> npt.NDArray[Any]:
    once, again = (asked(obj, lambda: obj.__array_interface__) for _ in range(2))
    if not isinstance(once, dict) or not isinstance(again, dict):
        # Such as the property itself, of a class; NumPy would make an array of the object.
        raise refusal(obj, f"its __array_interface__ is not a dict but {type_name(once)}")
    data, data_again = once.get("data"), again.get("data")
    # An address is compared by value, an object that holds the bytes by identity.
    if data is not data_again and not (isinstance(data, tuple) and data == data_again):
        # Pillow's images do this.
        raise refusal(obj, "its __array_interface__ makes a new copy each time it is read")
    return asked(obj, lambda: np.asarray(obj))


def _view_of_buffer_method(obj: Any) -> npt.NDArray[Any]:
    exported = view_of_memoryview(memoryview(_buffer_of(obj)), obj)
    return np.asarray(_Owner(exported, obj))


def _buffer_of(obj: Any) -> memoryview:
    exported = obj.__buffer__(FULL_READ_ONLY)
    if not isinstance(exported, memoryview):
        message = f"__buffer__ returned {type_name(exported)}, expected a memoryview"
        raise TypeError(message)
    return exported
