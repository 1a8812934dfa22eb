"""How much of a mapped file is in memory, asked of the system without touching a page."""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["can_tell", "resident_share"]

SAMPLED_PAGES = 128
"""Pages that are asked about, unless told: the share is right within a tenth, in 0.1 ms."""


def can_tell(path: str | os.PathLike[str]) -> bool:
    """Return whether the system says of a file's pages whether they are in memory.

    Of files that a process may not write, Linux says since 5.2 that all pages are, so that none
    can spy on another.
    """
    try:
        return os.access(path, os.W_OK) or Path(path).stat().st_uid == os.geteuid()
    except OSError:
        return False


def resident_share(address: int, nbytes: int, samples: int = SAMPLED_PAGES) -> float | None:
    """Return which share of some mapped memory is resident, 0 to 1; None where nobody says.

    Parameters
    ----------
    address, nbytes : int
        Where it lies.
    samples : int
        How many of its pages are asked about, at equal distances.
    """
    call = _mincore()
    if call is None or nbytes <= 0:
        return None
    first = address // mmap.PAGESIZE
    pages = -(-(address + nbytes) // mmap.PAGESIZE) - first
    chosen = np.unique(np.linspace(0, pages - 1, samples).astype(np.int64))
    seen = ctypes.c_ubyte()
    found = 0
    for page in chosen.tolist():
        if call((first + page) * mmap.PAGESIZE, mmap.PAGESIZE, ctypes.byref(seen)) != 0:
            return None
        found += seen.value & 1
    return found / len(chosen)


@functools.cache
def _mincore() -> Any:
    try:
        found: Any = ctypes.CDLL(None).mincore
    except (OSError, AttributeError, TypeError):
        return None
    found.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    return found
