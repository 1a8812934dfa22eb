"""Memoryviews without an owner, as C code makes them: they say whatever their maker likes."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence

_Numbers = ctypes.POINTER(ctypes.c_ssize_t)


class _Buffer(ctypes.Structure):
    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", _Numbers),
        ("strides", _Numbers),
        ("suboffsets", _Numbers),
        ("internal", ctypes.c_void_p),
    )


_kept: list[object] = []
_new = ctypes.pythonapi.PyMemoryView_FromBuffer
_new.restype, _new.argtypes = ctypes.py_object, [ctypes.POINTER(_Buffer)]


def ownerless(
    form: bytes,
    itemsize: int,
    shape: Sequence[int],
    strides: Sequence[int] | None = None,
    nbytes: int | None = None,
    suboffsets: Sequence[int] | None = None,
) -> memoryview:
    """Return a memoryview on bytes that are all 7, packed unless `strides` says else."""
    memory = ctypes.create_string_buffer(b"\7" * 4096, 4096)
    if strides is None:
        strides = [itemsize * math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    if nbytes is None:
        nbytes = itemsize * math.prod(shape)
    numbers = [
        None if values is None else (ctypes.c_ssize_t * len(values))(*values)
        for values in (shape, strides, suboffsets)
    ]
    start = ctypes.addressof(memory)
    made = _Buffer(start, None, nbytes, itemsize, 0, len(shape), form, *numbers, None)
    _kept.append((memory, made, numbers))
    found: memoryview = _new(ctypes.byref(made))
    return found
