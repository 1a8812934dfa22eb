"""The cells of the table in words, the same wherever it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from samebytes.compare.comparison import Outcome, Row
from samebytes.memory.text import as_time_text
from samebytes.share.layout import as_bytes_text

__all__ = ["Cells", "cells", "extra_text"]

# A sign beside each word, so that none of it hangs on colour.
_SIGNS = {
    Outcome.SHARED: "✓",
    Outcome.COPIED: "✗",
    Outcome.REFUSED: "⊘",
    Outcome.KILLED: "☠",
    Outcome.TIMED_OUT: "⧖",
    Outcome.FAILED: "!",
}
# What an allocator or a thread takes here and there, and no copy of the data.
_NOISE_SHARE = 0.25
_NOTHING = ("-",) * 4


@dataclass(frozen=True)
class Cells:
    """A row in words.

    Attributes
    ----------
    result : str
        Sign and words for how it ended.
    shape : str
        What it kept of the shape.
    extra : str
        Extra memory at the peak, and how many copies of what was handed over that makes.
    first, again : str
        Milliseconds of the first call and of the next, or a dash.
    """

    result: str
    shape: str
    extra: str
    first: str
    again: str


def extra_text(extra_bytes: int, nbytes: int) -> str:
    """Return extra memory in words, beside the copies of `nbytes` that it is enough for.

    Examples
    --------
    >>> extra_text(200_000_000, 100_000_000), extra_text(4096, 100_000_000)
    ('200.0 MB (2.0x)', '4.1 kB')
    """
    text = as_bytes_text(extra_bytes)
    copies = extra_bytes / nbytes if nbytes else 0.0
    return f"{text} ({copies:.1f}x)" if copies > _NOISE_SHARE else text


def cells(row: Row) -> Cells:
    """Return the cells of `row`."""
    sign = _SIGNS[row.outcome]
    trial = row.trial
    if row.outcome is Outcome.KILLED:
        return Cells(f"{sign} process killed ({row.detail})", *_NOTHING)
    if row.outcome is Outcome.REFUSED:
        name = row.detail.partition(":")[0]
        return Cells(f"{sign} refused ({name})", *_NOTHING)
    if (
        trial is None
        or trial.extra_bytes is None
        or trial.first_milliseconds is None
        or trial.again_milliseconds is None
    ):
        return Cells(f"{sign} {row.outcome.value}: {row.detail}", *_NOTHING)
    result = f"{sign} {row.outcome.value}"
    if row.outcome is Outcome.FAILED:
        result += f": {row.detail}"
    return Cells(
        result,
        "kept" if trial.shape == trial.expected_shape else f"lost: {trial.shape}",
        extra_text(trial.extra_bytes, trial.nbytes),
        as_time_text(trial.first_milliseconds),
        as_time_text(trial.again_milliseconds),
    )
