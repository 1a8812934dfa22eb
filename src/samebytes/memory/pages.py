"""Whole pages of anonymous memory, straight from the operating system.

Never from ``malloc``: pages come aligned, zeroed and private, go back to the system the
moment their last alias dies, and can be advised without touching a neighbour's bytes.
"""

from __future__ import annotations

import mmap
import os
import sys

__all__ = ["HUGE_PAGE_BYTES", "HUGE_PAGE_SWITCH", "allocate_pages", "wants_huge_pages"]

HUGE_PAGE_BYTES = 2 << 20
"""Blocks of at least this many bytes ask the kernel for huge pages."""

HUGE_PAGE_SWITCH = "SAMEBYTES_HUGE_PAGES"
"""Environment variable; ``0`` turns huge pages off where no argument decides."""


def wants_huge_pages(*, huge_pages: bool | None = None) -> bool:
    """Return whether large blocks shall ask for huge pages: the argument, else the environment."""
    if huge_pages is not None:
        return huge_pages
    return os.environ.get(HUGE_PAGE_SWITCH, "1") != "0"


def allocate_pages(nbytes: int, *, huge_pages: bool | None = None) -> mmap.mmap:
    """Return at least `nbytes` of zeroed, page-aligned, private memory; nothing is copied.

    Parameters
    ----------
    nbytes : int
        Size in bytes; at least one page is allocated, also for 0.
    huge_pages : bool, optional
        Whether a block of 2 MiB or more asks the kernel for huge pages (Linux).
        By default yes, unless the environment says ``SAMEBYTES_HUGE_PAGES=0``.

    Returns
    -------
    mmap.mmap
        The block. It is given back when the last view of it dies.

    Raises
    ------
    MemoryError
        If the system has no room for that many.
    """
    size = max(nbytes, 1)
    try:
        block = _map_anonymous(size)
    except (OSError, OverflowError) as refusal:
        message = f"the system cannot allocate a block of {size:,} bytes: {refusal}"
        raise MemoryError(message) from refusal
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is not None and size >= HUGE_PAGE_BYTES and wants_huge_pages(huge_pages=huge_pages):
        try:
            block.madvise(advice)
        except OSError:
            # A kernel built without transparent huge pages refuses the advice; the memory is
            # as good, only slower to touch for the first time.
            return block
    return block


def _map_anonymous(size: int) -> mmap.mmap:
    if sys.platform == "win32":
        return mmap.mmap(-1, size)
    # Private, because Python's default is shared memory: after a fork the child would write
    # into its parent's batches, and shared memory gets no huge pages.
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
