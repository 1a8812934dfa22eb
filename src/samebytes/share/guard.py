"""Forbidding copies in a block, and counting what was shared and what was copied."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from samebytes.errors import CopyNeeded
from samebytes.memory.text import as_bytes_text
from samebytes.share.verdict import Verdict

__all__ = ["SharingStats", "no_copy", "record", "record_shared", "stats"]


@dataclass(frozen=True)
class SharingStats:
    """Counts of what this process has handed over so far.

    Attributes
    ----------
    shared, copied : int
        Number of hand-overs without a copy, and with one.
    bytes_shared, bytes_copied : int
        Total bytes of each.
    """

    shared: int = 0
    copied: int = 0
    bytes_shared: int = 0
    bytes_copied: int = 0

    def _repr_html_(self) -> str:
        """Return the figures for a notebook, with a bar of how many of the bytes were shared."""
        from samebytes.share.notebook import card

        total = self.bytes_shared + self.bytes_copied
        part = self.bytes_shared / total if total else 0.0
        words = f"{part:.0%} of the bytes were shared"
        return card(
            "sharing",
            f"{self.shared + self.copied:,} hand-overs in this process",
            [
                ("shared", f"{self.shared:,}, {as_bytes_text(self.bytes_shared)}"),
                ("copied", f"{self.copied:,}, {as_bytes_text(self.bytes_copied)}"),
            ],
            bar=(words, part) if total else None,
            closing=words if total else "nothing has been handed over yet",
        )


class _Block:
    """One running ``no_copy`` block, and the threads that were there before it."""

    def __init__(self) -> None:
        self.elders = weakref.WeakSet(threading.enumerate())
        self.idents = {thread.ident for thread in self.elders}

    def covers_this_thread(self) -> bool:
        # Threads of a framework's own are not in the list: they count as started in the block,
        # since what they convert there is what the block wants to know about. An ident is
        # used again after a thread's death, so it alone does not make an elder.
        ident = threading.get_ident()
        return ident not in self.idents or threading.current_thread() not in self.elders


_here: ContextVar[int] = ContextVar("samebytes_no_copy", default=0)
_lock = threading.Lock()
_blocks: list[_Block] = []
_stats = SharingStats()


@contextmanager
def no_copy() -> Iterator[None]:
    """Return a context manager in which any copy by this library raises `CopyNeeded` instead.

    It applies to the thread that enters it, and to all threads that start while it lasts, including
    those of a framework; threads that were already running are not affected. Blocks nest.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images = sb.zeros((8, 64, 64, 3), "uint8")
    >>> with sb.no_copy():
    ...     tensor = sb.as_tensor(images)  # shared, so nothing happens
    >>> with sb.no_copy():
    ...     sb.as_tensor(images[:, ::2])
    Traceback (most recent call last):
    ...
    samebytes.errors.CopyNeeded: sb.no_copy() forbids a copy, and only a copy would do.
    uint8 (8, 32, 64, 3) to TensorFlow: copied, 49.2 kB, ... ms
      strides: a tensor is row-major without gaps, but axis 1 leaves 192 bytes between its ...
      instead: x = sb.aligned(x)
    """
    block = _Block()
    token = _here.set(_here.get() + 1)
    with _lock:
        _blocks.append(block)
    try:
        yield
    finally:
        with _lock:
            _blocks.remove(block)
        _here.reset(token)


def record(verdict: Verdict, *, copy: bool | None = None) -> None:
    """Count a hand-over that is about to happen, or raise where its copy is forbidden.

    Raises
    ------
    CopyNeeded
        If `verdict` asks for a copy, and ``copy=False`` or a `no_copy` block forbids it.
    """
    global _stats
    if not verdict.shared:
        if copy is False:
            raise CopyNeeded(verdict, "copy=False")
        if _here.get() or any(block.covers_this_thread() for block in tuple(_blocks)):
            raise CopyNeeded(verdict, "sb.no_copy()")
    if verdict.shared:
        record_shared(1, verdict.layout.nbytes)
        return
    with _lock:
        _stats = replace(
            _stats,
            copied=_stats.copied + 1,
            bytes_copied=_stats.bytes_copied + verdict.bytes_copied,
        )


def record_shared(count: int, nbytes: int) -> None:
    """Count hand-overs that share; nothing forbids those."""
    global _stats
    with _lock:
        found = _stats
        _stats = SharingStats(
            found.shared + count, found.copied, found.bytes_shared + nbytes, found.bytes_copied
        )


def stats() -> SharingStats:
    """Return how many hand-overs have been shared and how many copied so far, with their bytes.

    Examples
    --------
    >>> import samebytes as sb
    >>> before = sb.stats()
    >>> array = sb.as_array(b"sixteen bytes :)", "uint32")
    >>> after = sb.stats()
    >>> after.shared - before.shared, after.bytes_copied - before.bytes_copied
    (1, 0)
    """
    return _stats
