"""A second mapping of the pages of a mapped file, which nobody but us can close or resize."""

from __future__ import annotations

import ctypes
import functools
import mmap
import weakref
from typing import Any

from samebytes.memory.files import bus_guard

__all__ = ["Alias", "alias_of"]

_MAY_MOVE = 1
_FAILED = ctypes.c_void_p(-1).value


class Alias:
    """The pages of a mapping at other addresses, as long as this object is alive.

    What is read here may turn out to be missing: see `damaged`. The owner of the mapping sees
    nothing of that, and may close it. Arrays are made of one by `numpy.asarray`.

    Parameters
    ----------
    begin, address : int
        Of the mapping, and of the same bytes here.
    nbytes : int
        Of both.
    slot : int
        Under which the pages here are watched.
    """

    def __init__(self, begin: int, address: int, nbytes: int, slot: int) -> None:
        self.begin = begin
        self.nbytes = nbytes
        self._slot = slot
        self.__array_interface__ = {
            "shape": (nbytes,),
            "typestr": "|u1",
            "data": (address, True),
            "version": 3,
        }
        weakref.finalize(self, _unmap, address, nbytes, slot).atexit = False

    @property
    def damaged(self) -> bool:
        """Whether pages were missing when they were read; then it is zeros from now on."""
        return bus_guard.was_hit(self._slot)


# What was made of a mapping, for whoever reads it next: its pages need not be looked up anew.
_aliases: weakref.WeakKeyDictionary[mmap.mmap, weakref.ref[Alias]] = weakref.WeakKeyDictionary()


def alias_of(mapping: mmap.mmap, begin: int, nbytes: int) -> Alias | None:
    """Return an alias of a mapping that is not damaged, or None where none can be had.

    It can be had of what shares the pages of a file (so not of ``mode="c"``, whose changed pages
    are the mapping's own), on Linux, where missing pages can be survived.

    Parameters
    ----------
    mapping : mmap.mmap
        Whose export the caller holds.
    begin, nbytes : int
        Where it lies.
    """
    found = _existing(mapping)
    if found is not None and (found.begin, found.nbytes) == (begin, nbytes) and not found.damaged:
        return found
    made = _map_again(begin, nbytes)
    if made is not None:
        _aliases[mapping] = weakref.ref(made)
    return made


def _existing(mapping: mmap.mmap) -> Alias | None:
    known = _aliases.get(mapping)
    return None if known is None else known()


def _map_again(begin: int, nbytes: int) -> Alias | None:
    calls = _system_calls() if bus_guard.is_available() else None
    if calls is None:
        return None
    # With an old size of 0, the kernel leaves the old mapping where it is.
    address = calls.mremap(begin, 0, nbytes, _MAY_MOVE)
    if address == _FAILED:
        return None
    end = address + -(-nbytes // mmap.PAGESIZE) * mmap.PAGESIZE
    slot = bus_guard.watch(address, end, whole=True)
    if slot is None:
        calls.munmap(address, nbytes)
        return None
    return Alias(begin, address, nbytes, slot)


def _unmap(address: int, nbytes: int, slot: int) -> None:
    bus_guard.forget(slot)
    calls = _system_calls()
    if calls is not None:
        calls.munmap(address, nbytes)


@functools.cache
def _system_calls() -> Any:
    """Return the system's own functions, or None where it has no such ones."""
    library: Any = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "mremap"):
        return None
    library.mremap.restype = ctypes.c_void_p
    library.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int]
    library.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    return library
