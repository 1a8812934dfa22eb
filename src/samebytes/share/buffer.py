"""A NumPy view of anything that exports memory, whatever the protocol; it never copies."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from samebytes.errors import NotABuffer

__all__ = ["framework_class", "type_name", "view"]

_Answer = TypeVar("_Answer")

# PEP 3118 formats that a memoryview may have and NumPy, or an older NumPy, does not read.
_NATIVE_FORMATS = {
    "n": np.dtype(np.intp),
    "N": np.dtype(np.uintp),
    "P": np.dtype(np.uintp),
    "u": np.dtype("U1"),
    "g": np.dtype(np.longdouble),
}
_CTYPES = (ctypes.Array, ctypes.Structure, ctypes.Union)
# inspect.BufferFlags.FULL_RO, which Python 3.11 and older lack.
_FULL_READ_ONLY = 0x011C
# DLPack device types whose memory the processor can read: CPU, CUDA and ROCm pinned host memory.
_HOST_DEVICES = frozenset({1, 3, 11})


def type_name(obj: object) -> str:
    """Give the type's name as a person would write it, ``numpy.ndarray`` or ``list``."""
    kind = type(obj)
    module = kind.__module__
    if module == "builtins" or not isinstance(module, str):
        return kind.__qualname__
    return f"{module.split('.')[0]}.{kind.__qualname__}"


def framework_class(module: str, name: str) -> type[Any] | None:
    """Give class `name` of `module` if that is already imported, else None; imports nothing.

    An object of a framework cannot exist before the framework was imported, so what is not in
    ``sys.modules`` need not be asked about.
    """
    loaded = sys.modules.get(module)
    found = getattr(loaded, name, None)
    return found if isinstance(found, type) else None


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
    """Give an ndarray on the bytes of `obj`, N-D, keeping read-only; never copies.

    Parameters
    ----------
    obj : object
        An ndarray or subclass; a buffer of any format and rank (memoryview, bytes, bytearray,
        ``array.array``, ctypes, mmap); a ``SharedMemory``; an Arrow array without nulls; an
        object with ``__array_interface__``, ``__buffer__`` or, on the CPU, ``__dlpack__``.

    Raises
    ------
    NotABuffer
        If `obj` exports no memory, or none that a strided array can describe.
    """
    if isinstance(obj, np.ndarray):
        return _view_of_ndarray(obj)
    for recognise in (
        _view_of_tensor,
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
    except (ValueError, BufferError) as refusal:
        return _view_by_protocol(obj, refusal)
    return _view_of_memoryview(exported, obj)


def _view_of_ndarray(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if isinstance(array, np.ma.MaskedArray) and np.ma.getmask(array) is not np.ma.nomask:
        message = (
            "a masked array has two buffers, data and mask, and a tensor holds one; "
            "share them apart (x.data, x.mask), or fill the gaps: x.filled(value)"
        )
        raise NotABuffer(message)
    return array.view(np.ndarray)


def _view_of_tensor(obj: object) -> npt.NDArray[Any] | None:
    if "tensorflow" not in sys.modules:
        return None
    from samebytes.share import tensorflow

    return tensorflow.view(obj)


def _view_of_shared_memory(obj: object) -> npt.NDArray[Any] | None:
    kind = framework_class("multiprocessing.shared_memory", "SharedMemory")
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
    from samebytes.share import arrow

    return arrow.view(obj)


def _view_of_ctypes(obj: object) -> npt.NDArray[Any] | None:
    if not isinstance(obj, _CTYPES):
        return None
    try:
        # The class knows its padding; the PEP 3118 format that ctypes exports forgets it.
        dtype = np.dtype(type(obj))
    except (TypeError, ValueError, NotImplementedError) as refusal:
        element: Any = type(obj)
        while issubclass(element, ctypes.Array):
            element = element._type_
        if issubclass(element, (ctypes.Structure, ctypes.Union)):
            raise _refusal(obj, str(refusal)) from refusal
        return None  # pointers and wide characters; the buffer may still be readable
    if dtype.hasobject:
        raise _refusal(obj, "it holds Python objects, not their bytes")
    return _held(obj, (), dtype)


def _view_of_numpy_scalar(obj: object) -> npt.NDArray[Any] | None:
    if not isinstance(obj, (np.datetime64, np.timedelta64, np.void)) or obj.dtype.hasobject:
        return None
    return _held(obj, (), obj.dtype)  # their buffers forget what the bytes mean


def _view_of_memoryview(exported: memoryview, obj: object) -> npt.NDArray[Any]:
    native = _NATIVE_FORMATS.get(exported.format.lstrip("@=<"))
    try:
        if native is None or native.itemsize != exported.itemsize:
            found = np.asarray(exported)
        elif exported.c_contiguous:
            found = _held(exported, exported.shape or (), native)
        elif exported[:1].c_contiguous:  # only the first axis of a memoryview can be sliced
            start = _held(exported[:1], exported[:1].shape or (), native)
            found = np.lib.stride_tricks.as_strided(start, exported.shape, exported.strides)
        else:
            found = np.asarray(exported)
    except (ValueError, BufferError, NotImplementedError) as refusal:
        raise _refusal(obj, str(refusal)) from refusal
    if found.dtype.hasobject:
        # NumPy would read these pointers, but nothing keeps the objects behind them alive.
        raise _refusal(obj, f"its format {exported.format!r} holds Python objects")
    return found


def _held(exported: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Give the packed bytes of `exported` as `dtype`, its export held while the array lives.

    ndarray's own ``buffer=`` lets go of the export: the exporter could then free its memory.
    """
    held = np.frombuffer(exported, np.uint8)  # type: ignore[call-overload]
    array: npt.NDArray[Any] = np.ndarray(shape, dtype, buffer=held)
    return array


def _view_by_protocol(obj: object, refusal: Exception | None = None) -> npt.NDArray[Any]:
    """Try the protocols that memoryview does not speak, in the order of what they tell."""
    kind = type(obj)
    # A NumPy scalar has an __array_interface__ too, but of a copy made for the occasion.
    if not isinstance(obj, np.generic):
        if hasattr(kind, "__array_interface__") or hasattr(obj, "__array_interface__"):
            return _view_of_interface(obj)
        if hasattr(kind, "__buffer__"):  # Python 3.12 asks it itself, older ones do not
            return _asked(obj, lambda: np.asarray(_Owner(np.asarray(_buffer_of(obj)), obj)))
        if hasattr(kind, "__dlpack__"):
            return _view_of_dlpack(obj)
    raise _refusal(obj, None if refusal is None else str(refusal)) from refusal


def _view_of_interface(obj: Any) -> npt.NDArray[Any]:
    once, again = (_asked(obj, lambda: obj.__array_interface__) for _ in range(2))
    if not isinstance(once, dict) or not isinstance(again, dict):
        # Such as the property itself, of a class; NumPy would make an array of the object.
        raise _refusal(obj, f"its __array_interface__ is no dict but {type_name(once)}")
    data, data_again = once.get("data"), again.get("data")
    # An address is compared by value, an object that holds the bytes by identity.
    if data is not data_again and not (isinstance(data, tuple) and data == data_again):
        # Pillow's images do this.
        raise _refusal(obj, "its __array_interface__ makes a new copy whenever it is asked")
    return _asked(obj, lambda: np.asarray(obj))


def _buffer_of(obj: Any) -> memoryview:
    exported = obj.__buffer__(_FULL_READ_ONLY)
    if not isinstance(exported, memoryview):
        message = f"__buffer__ returned {type_name(exported)}, expected a memoryview"
        raise TypeError(message)
    return exported


def _view_of_dlpack(obj: Any) -> npt.NDArray[Any]:
    device, index = _asked(obj, lambda: tuple(obj.__dlpack_device__()))
    if device not in _HOST_DEVICES:
        raise _refusal(obj, f"it lies on DLPack device {int(device)}:{index}, not in host memory")
    return _asked(obj, lambda: np.from_dlpack(obj))


def _asked(obj: object, question: Callable[[], _Answer]) -> _Answer:
    """Give the answer of a foreign protocol, its errors turned into ours."""
    try:
        return question()
    except (ValueError, TypeError, BufferError, RuntimeError, AttributeError) as refusal:
        raise _refusal(obj, str(refusal)) from refusal


def _refusal(obj: object, because: str | None) -> NotABuffer:
    what = type_name(obj)
    if because is None:
        return NotABuffer(
            f"{what} exports no memory; expected an array, or a buffer such as a memoryview, "
            f"bytes, a memory map, shared memory or an Arrow array. Make one: np.asarray(x)"
        )
    return NotABuffer(f"{what} does not lend its memory: {because}. Make a copy: np.array(x)")
