"""Memory by its address: what a reader is told to write to."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from samebytes.memory.addresses import address_of

__all__ = ["copy_to_address", "view_of_address"]

SHORT_BYTES = 64 << 10
"""So many take 5 us to copy, about as long as it takes to let go of the lock and get it again."""

_WRITABLE = 0x200

_from_memory = ctypes.pythonapi.PyMemoryView_FromMemory
_from_memory.argtypes = [ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int]
_from_memory.restype = ctypes.py_object


def view_of_address(address: int, nbytes: int) -> memoryview:
    """Return memory of ours as a writable view; never copies, and keeps nothing alive.

    A type of ctypes would be kept for each length.
    """
    view: memoryview = _from_memory(address, nbytes, _WRITABLE)
    return view


def copy_to_address(buffer: Any, address: int) -> None:
    """Copy the bytes of a buffer to an address, with the interpreter's lock let go for long ones.

    Examples
    --------
    >>> target = np.zeros(3, np.uint8)
    >>> copy_to_address(b"abc", address_of(target))
    >>> target.tobytes()
    b'abc'
    """
    if len(buffer) <= SHORT_BYTES:
        view_of_address(address, len(buffer))[:] = buffer
        return
    source = np.frombuffer(buffer, np.uint8)
    ctypes.memmove(address, address_of(source), len(source))
