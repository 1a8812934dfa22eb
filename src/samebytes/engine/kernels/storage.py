"""Calls of the system for many byte ranges at a time, without the GIL.

A call costs a microsecond here, and three times that from Python with the interpreter's lock held,
which the threads that prepare and hand out batches need meanwhile: at 10 KB a range, a disk of
1 GB/s asks for 100,000 of them a second.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201 - what Numba compiles is typed by Numba

from __future__ import annotations

import mmap
import sys

from numba import types
from numba.core.types.functions import ExternalFunction
from numba.core.typing import signature

from samebytes.engine.kernels.jit import compiled

__all__ = ["IS_SUPPORTED", "advise_ranges", "copy_ranges", "count_missing_pages", "read_ranges"]

IS_SUPPORTED = sys.platform == "linux"
"""Whether the system has these calls, under these names."""

PAGE = mmap.PAGESIZE
INTERRUPTED = 4  # EINTR
NOTHING_LEFT = -1
"""What `read_ranges` says in place of an error of the system where a file has ended."""

_madvise = ExternalFunction("madvise", signature(types.intc, types.intp, types.uintp, types.intc))
_mincore = ExternalFunction("mincore", signature(types.intc, types.intp, types.uintp, types.intp))
_pread = ExternalFunction(
    "pread64", signature(types.intp, types.intc, types.intp, types.uintp, types.int64)
)
_memcpy = ExternalFunction("memcpy", signature(types.intp, types.uintp, types.uintp, types.uintp))
_errno = ExternalFunction("__errno_location", signature(types.CPointer(types.intc)))


@compiled(cache=True)
def advise_ranges(starts, stops, advice, most):
    """Give advice on ranges of whole pages, `most` bytes at a time; return failures, and why.

    Returns
    -------
    failed, error : int
        How many calls failed, and what the last of them said.
    """
    failed, error = 0, 0
    for k in range(starts.shape[0]):
        for start in range(starts[k], stops[k], most):
            nbytes = min(most, stops[k] - start)
            if _madvise(start, nbytes, advice) != 0:
                failed += 1
                error = _errno()[0]
    return failed, error


@compiled(cache=True)
def count_missing_pages(starts, stops, seen, missing):
    """Say for each range of whole pages how many of them are not in memory.

    `seen` has room for a byte a page of the longest range. Returns False where the system does
    not tell.
    """
    for k in range(starts.shape[0]):
        nbytes = stops[k] - starts[k]
        if _mincore(starts[k], nbytes, seen.ctypes.data) != 0:
            return False
        there = 0
        for page in range(nbytes // PAGE):
            there += seen[page] & 1
        missing[k] = nbytes // PAGE - there
    return True


@compiled(cache=True)
def read_ranges(files, offsets, targets, sizes):
    """Read ranges of files to addresses, all of each; return where that failed, and why.

    Returns
    -------
    place, error, nbytes : int
        Which range was not read to its end, -1 if all were; the error, `NOTHING_LEFT` where the
        file ended; and how much of the range was read.
    """
    for k in range(files.shape[0]):
        done = 0
        while done < sizes[k]:
            found = _pread(files[k], targets[k] + done, sizes[k] - done, offsets[k] + done)
            if found > 0:
                done += found
            elif found == 0:
                return k, NOTHING_LEFT, done
            else:
                error = _errno()[0]
                if error != INTERRUPTED:
                    return k, error, done
    return -1, 0, 0


@compiled(cache=True)
def copy_ranges(sources, targets, sizes):
    """Copy ranges of memory to addresses; none overlaps where it goes."""
    for k in range(sources.shape[0]):
        _memcpy(targets[k], sources[k], sizes[k])
