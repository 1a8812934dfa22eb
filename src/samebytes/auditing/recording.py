"""The audits that are open, and how a hook tells them what it saw."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from samebytes.auditing.call_names import call_name
from samebytes.auditing.call_site import CallSite, call_site_of_thread, call_site_on_stack
from samebytes.auditing.copies import Copy, Kind, Ledger

__all__ = [
    "LEAST_BYTES",
    "Recording",
    "is_large",
    "note",
    "start_recording",
    "stop_recording",
    "timed",
]

LEAST_BYTES = 4096
"""Less than a page is not told: it costs about as much as asking where it happened."""


class Recording:
    """An open audit: where it writes, and the thread that opened it."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.thread = threading.get_ident()


_open: tuple[Recording, ...] = ()


def start_recording(audit: Recording) -> bool:
    """Let `audit` be told from now on; return whether it is the only one."""
    global _open
    _open = (*_open, audit)
    return len(_open) == 1


def stop_recording(audit: Recording) -> bool:
    """Tell `audit` nothing any more; return whether it was the last."""
    global _open
    _open = tuple(other for other in _open if other is not audit)
    return not _open


def note(
    kind: Kind,
    copied: Any,
    *,
    nbytes: int,
    seconds: float | None,
    remedy: Callable[[str], str | None],
    way: str = "{}",
    direct: str = "",
    again: int = 0,
    site: CallSite | None = None,
) -> None:
    """Tell all open audits of one copy.

    Parameters
    ----------
    kind : Kind
        What was copied, and by whom.
    copied : array or tensor
        Of which only dtype and shape are kept.
    nbytes, seconds, again
        See `Copy`.
    remedy : callable
        Given the call in words, gives the line to write instead.
    way : str
        Words around the call's own, which stand where the braces are.
    direct : str
        The call in words where the audited line called the hooked function itself.
    site : CallSite, optional
        Where; by default the innermost line of the audited code on this thread's stack, or
        where that is none, on the stack of the thread that opened the audit.
    """
    site = site or call_site_on_stack()
    for audit in _open:
        at = site or call_site_of_thread(audit.thread) or CallSite("(no line of Python)", 0)
        called = call_name(at) or direct
        words = way.format(called).strip()
        if audit.ledger.add_like((at.file, at.line, kind, words), nbytes, seconds, again):
            continue
        dtype = getattr(copied.dtype, "name", str(copied.dtype))
        audit.ledger.add(
            Copy(
                file=at.file,
                line=at.line,
                kind=kind,
                way=words,
                what=f"{dtype} {tuple(copied.shape)}",
                bytes=nbytes,
                count=1,
                seconds=seconds,
                bytes_again=again,
                remedy=remedy(called),
            )
        )


def timed(call: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[Any, float]:
    """Return what the call gives, and its seconds."""
    start = time.perf_counter()
    result = call(*arguments, **named)
    return result, time.perf_counter() - start


def is_large(obj: object) -> bool:
    """Return whether `obj` is an array of plain values that is worth telling of."""
    return isinstance(obj, np.ndarray) and obj.nbytes >= LEAST_BYTES and obj.dtype.kind in "biufcV"
