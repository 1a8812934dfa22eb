"""What an audit found: one fact a line of code and way, and the ledger that adds them up."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from enum import Enum

__all__ = ["Copy", "Kind", "Ledger"]


class Kind(str, Enum):
    """What was copied, and by whom.

    Attributes
    ----------
    CONVERTED
        An array became an eager tensor.
    EMBEDDED
        An array became a constant of a graph that was traced.
    OPERAND
        An array was given to an operation, which could not read it in place.
    CAST
        Keras cast a whole array before it used any of it.
    YIELDED
        What a generator or a function returned lay where TensorFlow could not read it.
    PREPARED
        The same, with another dtype or with gaps: TensorFlow first made an array of its own.
    REWRITTEN
        tf.data wrote the tensors a dataset holds into a graph, to optimise it.
    TO_NUMPY
        A tensor became an array.
    GATHERED
        samebytes copied, because only a copy would do.
    """

    CONVERTED = "converted"
    EMBEDDED = "embedded"
    OPERAND = "operand"
    CAST = "cast"
    YIELDED = "yielded"
    PREPARED = "prepared"
    REWRITTEN = "rewritten"
    TO_NUMPY = "to numpy"
    GATHERED = "gathered"


@dataclass(frozen=True)
class Copy:
    """All the copies that one line of code made in one way.

    Attributes
    ----------
    file, line : str, int
        The line of the audited code, not of a library.
    kind : Kind
        What was copied, and by whom.
    way : str
        The call in words, such as ``tf.constant``.
    what : str
        Dtype and shape of the largest array that was copied.
    bytes : int
        Total bytes, each counted once.
    count : int
        How many copies.
    seconds : float or None
        Wall-clock time of the calls in which it happened; None where TensorFlow copies after the
        last Python code has returned, so that no call can be timed.
    bytes_again : int
        How many of `bytes` TensorFlow was seen to copy a second time, because its first copy did
        not lie on a multiple of 64 bytes. That depends on the allocator and on luck, so it is not
        part of `bytes`.
    remedy : str or None
        The line to write instead; None where the copy is inside a library.
    """

    file: str
    line: int
    kind: Kind
    way: str
    what: str
    bytes: int
    count: int
    seconds: float | None
    bytes_again: int
    remedy: str | None


Like = tuple[str, int, Kind, str]


def _sum(known: Copy, nbytes: int, seconds: float | None, again: int) -> Copy:
    timed = known.seconds is not None and seconds is not None
    return replace(
        known,
        bytes=known.bytes + nbytes,
        count=known.count + 1,
        seconds=(known.seconds or 0.0) + (seconds or 0.0) if timed else None,
        bytes_again=known.bytes_again + again,
    )


class Ledger:
    """Adds up copies by line, kind and way, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._copies: dict[Like, Copy] = {}
        self._largest: dict[Like, int] = {}

    def add_like(self, like: Like, nbytes: int, seconds: float | None, again: int) -> bool:
        """Add a copy to those of its line, kind and way; False if it is the largest so far.

        That one has to be described: see `add`. The others are not, which would take longer.
        """
        with self._lock:
            known = self._copies.get(like)
            if known is None or nbytes > self._largest[like]:
                return False
            self._copies[like] = _sum(known, nbytes, seconds, again)
            return True

    def add(self, copy: Copy) -> None:
        """Add a copy that is the largest of its line, kind and way."""
        like = (copy.file, copy.line, copy.kind, copy.way)
        with self._lock:
            known = self._copies.get(like)
            self._largest[like] = max(copy.bytes, self._largest.get(like, 0))
            if known is not None:
                described = replace(known, what=copy.what, remedy=copy.remedy)
                copy = _sum(described, copy.bytes, copy.seconds, copy.bytes_again)
            self._copies[like] = copy

    def copies(self) -> tuple[Copy, ...]:
        """Return what was found so far, the most bytes first."""
        with self._lock:
            copies = tuple(self._copies.values())
        return tuple(sorted(copies, key=lambda copy: (-copy.bytes, copy.file, copy.line)))
