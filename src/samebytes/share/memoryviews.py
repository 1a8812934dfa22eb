"""A memoryview as an ndarray on its bytes, any strides; what it says of itself is not believed.

NumPy reads an item's size from the format. Where the view's own differs NumPy asks the owner for a
reason, and on a view without an owner the process ends there; so both are compared here first.
"""

from __future__ import annotations

import ctypes
import importlib
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.share.refusal import refusal

__all__ = ["FULL_READ_ONLY", "view_of_export", "view_of_memoryview"]

# PEP 3118 formats that a memoryview may have and NumPy, or an older NumPy, does not read.
_NATIVE_FORMATS = {
    "n": np.dtype(np.intp),
    "N": np.dtype(np.uintp),
    "P": np.dtype(np.uintp),
    "u": np.dtype("U1"),
    "g": np.dtype(np.longdouble),
}
# inspect.BufferFlags.FULL_RO, which Python 3.11 and older lack.
FULL_READ_ONLY = 0x011C
_BYTES = "Read its bytes: sb.as_array(bytes(x), dtype)"


class _Buffer(ctypes.Structure):
    """Python's ``Py_buffer``."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


class _Export:
    """Any strides of a memoryview, which lives as long as the array that NumPy makes of this."""

    def __init__(self, exported: memoryview, dtype: np.dtype[Any]) -> None:
        self.__array_interface__ = {
            "version": 3,
            "data": (_address(exported), exported.readonly),
            "typestr": dtype.str,
            "shape": exported.shape,
            "strides": exported.strides,
        }
        self._exported = exported


def view_of_memoryview(exported: memoryview, obj: object) -> npt.NDArray[Any]:
    """Return an ndarray on the bytes of `exported`, that of `obj`; never copies.

    Parameters
    ----------
    exported : memoryview
        Nobody else's: who releases it would free what the array shows.
    obj : object
        Whose it is, for errors.

    Raises
    ------
    NotABuffer
        If it contradicts itself, or no strided array of values describes it.
    """
    _check_shape(exported, obj)
    native = _NATIVE_FORMATS.get(exported.format.lstrip("@=<"))
    if native is not None and native.itemsize == exported.itemsize:
        if exported.c_contiguous:
            return view_of_export(exported, exported.shape or (), native)
        return np.asarray(_Export(exported, native))
    owner: Any = exported.obj  # None for what C code has made, whatever its type says
    if owner is None:
        _check_ownerless(exported, obj)
    try:
        found = np.asarray(exported)
    except (ValueError, BufferError, NotImplementedError, RuntimeError) as reason:
        raise refusal(obj, _in_words(exported, str(reason)), _instead(exported)) from reason
    if found.dtype.hasobject:
        # NumPy would read these pointers, but nothing keeps the objects behind them alive.
        raise refusal(obj, f"its format {exported.format!r} holds Python objects")
    return found


def view_of_export(
    exported: object, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    """Return the packed bytes of `exported` as `dtype`, its export held while the array lives.

    ndarray's own ``buffer=`` lets go of the export: the exporter could then free its memory.
    """
    every_byte = np.frombuffer(exported, np.uint8)  # type: ignore[call-overload]
    array: npt.NDArray[Any] = np.ndarray(shape, dtype, buffer=every_byte)
    return array


def _check_shape(exported: memoryview, obj: object) -> None:
    """Refuse a view whose parts contradict each other, or that has more than strides."""
    shape, itemsize = exported.shape or (), exported.itemsize
    if any(offset >= 0 for offset in exported.suboffsets or ()):
        because = "its rows lie apart, behind pointers (it has suboffsets)"
        raise refusal(obj, because, _BYTES)
    if itemsize < 0:
        raise refusal(obj, f"its items have {itemsize} bytes", _BYTES)
    if any(length < 0 for length in shape) or len(exported.strides or ()) != len(shape):
        because = f"its shape {shape} does not fit its strides {exported.strides}"
        raise refusal(obj, because)
    needed = math.prod(shape) * itemsize
    if needed != exported.nbytes:
        because = (
            f"its shape {shape} takes {needed:,} bytes with items of {itemsize}, but it reports "
            f"{exported.nbytes:,}"
        )
        raise refusal(obj, because, "Correct it where it is created")


def _check_ownerless(exported: memoryview, obj: object) -> None:
    """Refuse a view without an owner whose items NumPy would take for others than they are."""
    package = "core" if np.lib.NumpyVersion(np.__version__) < "2.0.0" else "_core"
    reader = importlib.import_module(f"numpy.{package}._internal")
    kind = exported.format
    try:
        found: np.dtype[Any] = reader._dtype_from_pep3118(kind)  # noqa: SLF001 (only it knows)
    except (ValueError, NotImplementedError, RuntimeError, TypeError) as reason:
        raise refusal(obj, str(reason), _instead(exported)) from reason
    if found.itemsize != exported.itemsize:
        raise refusal(obj, _in_words(exported, ""), _instead(exported))


def _in_words(exported: memoryview, reason: str) -> str:
    """Return why NumPy does not read it; its own words are about its insides where sizes differ."""
    if reason and not reason.startswith("Item size"):
        return reason
    return (
        f"its format {exported.format!r} does not make items of {exported.itemsize} bytes: either "
        "it is another format, or records without the padding behind them that NumPy expects"
    )


def _instead(exported: memoryview) -> str:
    """Return what to do where the format cannot be read: one letter names bytes, more a record."""
    return _BYTES if len(exported.format) == 1 else f"{_BYTES}, with a dtype that lists the fields"


def _address(exported: memoryview) -> int:
    """Return where the first item lies, also of a view that no one can cast."""
    found = _Buffer()
    interface = ctypes.pythonapi
    interface.PyObject_GetBuffer(
        ctypes.py_object(exported), ctypes.byref(found), ctypes.c_int(FULL_READ_ONLY)
    )
    # The export ends here; what stays is the memoryview itself, which holds its owner's.
    address = int(found.buf or 0)
    interface.PyBuffer_Release(ctypes.byref(found))
    return address
