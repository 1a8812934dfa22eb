"""A page of a mapped file that is gone costs a batch, and not the process.

Touching a page behind the end of its file raises SIGBUS, and by default SIGBUS ends the process.
No check beforehand can prevent that: the file may be cut short while a kernel reads it. So there
is a handler. It looks up the address among the ranges that are watched, lays memory of zeros over
the missing pages, notes that it did, and lets the reader go on; who reads such a range asks
afterwards (`was_hit`), and throws away what was read.

A signal that is not ours goes to who handled it before: that handler is put back, and the access
that failed happens again under it. So faulthandler, a framework, or the end of the process are
what they were.
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
import os
import platform
import signal
import sys
import threading
from typing import Any

from samebytes.memory.files.bus_handler import (
    ACTIONS_AT,
    BEGIN,
    DEPTH,
    END,
    FLAGS,
    HANDLERS,
    HIT,
    HITS,
    NAME,
    NOWHERE,
    ROW,
    ROWS_AT,
    SLOTS,
    WHOLE,
    WORD,
    Action,
    machine_code,
)

__all__ = ["ensure_handler_first", "forget", "hits", "is_available", "was_hit", "watch"]

# Reentrant, since a signal's handler in Python may begin to read in the middle of it.
_lock = threading.RLock()


class _Guard:
    """The handler, and the table that it and the readers share; one a process, and for ever."""

    def __init__(self) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        self._memory = mmap.mmap(-1, ROWS_AT + SLOTS * ROW * WORD, flags=flags)
        self.table = memoryview(self._memory).cast("q")
        self.rows = self.table[ROWS_AT // WORD :]
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._actions = (Action * HANDLERS).from_buffer(self._memory, ACTIONS_AT)
        self._known = 1  # the first is the system's own, behind which there is nobody
        self._unused = itertools.count()
        self.free: list[int] = []
        library: Any = ctypes.CDLL(None, use_errno=True)
        self._sigaction = library.sigaction
        self._signal = int(signal.SIGBUS)
        self._code = machine_code(self._address, library)
        self._handler = self._code.get_function_address(NAME)
        self._mine = Action(handler=self._handler, flags=FLAGS)

    def ensure_first(self) -> bool:
        """Be the one who is asked first; tell whether that could be had."""
        current = Action()
        if self._sigaction(self._signal, None, ctypes.byref(current)):
            return False
        if current.handler == self._handler:
            return True
        with _lock:
            place = self._place_of(current)
            self._actions[place] = current
            self.table[DEPTH] = place + 1
            return not self._sigaction(self._signal, ctypes.byref(self._mine), None)

    def _place_of(self, action: Action) -> int:
        """Return where a handler stands behind ours: each once, or two would call each other."""
        for place in range(self._known):
            if self._actions[place].handler == action.handler:
                return place
        self._known = min(self._known + 1, HANDLERS)
        return self._known - 1

    def take_slot(self) -> int | None:
        """Return a row of the table that nobody uses, None where all are used."""
        try:
            return self.free.pop()
        except IndexError:
            slot = next(self._unused)
            return slot if slot < SLOTS else None


_guard: _Guard | None = None
_refused = False


def _is_supported() -> bool:
    machine = platform.machine() in {"x86_64", "aarch64"} and sys.maxsize > 1 << 32
    return sys.platform == "linux" and machine


def _get_guard() -> _Guard | None:
    """Return this process's guard, made when first asked for; None where there is none."""
    global _guard, _refused
    if _guard is not None or _refused:
        return _guard
    with _lock:
        if _guard is None and not _refused:
            try:
                made = _Guard() if _is_supported() else None
            except (ImportError, OSError, RuntimeError, AttributeError):
                made = None  # no LLVM, no memory, or a C library without these functions
            if made is None or not made.ensure_first():
                _refused = True
            else:
                _guard = made
    return _guard


def is_available() -> bool:
    """Return whether missing pages are survived here: on Linux, on x86-64 and ARM."""
    return _get_guard() is not None


def ensure_handler_first() -> None:
    """See that the handler is asked first, also if somebody has set another one since; 1 µs."""
    if _guard is not None:
        _guard.ensure_first()


def watch(begin: int, end: int, *, whole: bool) -> int | None:
    """Watch a range of addresses until `forget`; give its number, or None if that cannot be had.

    Parameters
    ----------
    begin, end : int
        Of whole pages.
    whole : bool
        Whether all of the range becomes zeros as soon as one of its pages is missing, which is
        for memory that nobody else looks at; else that page alone does.
    """
    guard = _get_guard()
    slot = None if guard is None else guard.take_slot()
    if guard is None or slot is None:
        return None
    row, rows = slot * ROW, guard.rows
    rows[row + HIT], rows[row + WHOLE], rows[row + END] = 0, whole, end
    rows[row + BEGIN] = begin  # last, since with it the range is watched
    return slot


def forget(slot: int) -> None:
    """Watch a range no longer; possible anywhere, in a finalizer too."""
    if _guard is not None:
        _guard.rows[slot * ROW + BEGIN] = NOWHERE
        _guard.free.append(slot)


def was_hit(slot: int) -> bool:
    """Return whether pages of a range were missing when they were read."""
    return _guard is not None and bool(_guard.rows[slot * ROW + HIT])


def hits() -> int:
    """Return how often pages were missing, in all ranges together."""
    return 0 if _guard is None else _guard.table[HITS]


if hasattr(os, "register_at_fork"):
    # A child that is forked while a thread holds the lock would wait for that thread for ever.
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
    )
