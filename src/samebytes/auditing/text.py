"""An audit in words, with nothing but text; the terminal's table is made of the same."""

from __future__ import annotations

import linecache
from collections.abc import Sequence

from samebytes.auditing.copies import Copy
from samebytes.auditing.recording import LEAST_BYTES
from samebytes.share.layout import as_bytes_text

__all__ = ["as_text", "bytes_cell", "source_line", "sum_line", "time_cell", "where"]


def where(copy: Copy) -> str:
    """Return ``file:line``, as editors read it."""
    return f"{copy.file}:{copy.line}"


def source_line(copy: Copy) -> str:
    """Return the line itself; empty where its file cannot be read."""
    return linecache.getline(copy.file, copy.line).strip()


def bytes_cell(copy: Copy) -> str:
    """Return the bytes, and what of them TensorFlow was seen to copy once more."""
    text = as_bytes_text(copy.bytes)
    return f"{text} (+ {as_bytes_text(copy.bytes_again)} again)" if copy.bytes_again else text


def time_cell(copy: Copy) -> str:
    """Return the milliseconds, or a dash where none could be measured."""
    return "-" if copy.seconds is None else f"{copy.seconds * 1e3:,.1f} ms"


def sum_line(copies: Sequence[Copy]) -> str:
    """Return the sum of `copies` in one line."""
    if not copies:
        return f"no copy of {as_bytes_text(LEAST_BYTES)} or more"
    total = as_bytes_text(sum(copy.bytes for copy in copies))
    count = sum(copy.count for copy in copies)
    times = "once" if count == 1 else f"in {count:,} copies"
    line = f"{total} copied {times}"
    again = sum(copy.bytes_again for copy in copies)
    if again:
        line += (
            f", {as_bytes_text(again)} of it a second time by TensorFlow, whose first copy was not "
            "aligned"
        )
    return line


def as_text(copies: Sequence[Copy]) -> str:
    """Return a paragraph a copy, and the sum."""
    if not copies:
        return sum_line(copies)
    return "\n".join([*(_paragraph(copy) for copy in copies), sum_line(copies)])


def _paragraph(copy: Copy) -> str:
    figures = f"{copy.count:,} x {copy.what}, {bytes_cell(copy)}, {time_cell(copy)}"
    lines = [f"{where(copy)}  {copy.way}: {figures}"]
    source = source_line(copy)
    if source:
        lines.append(f"    {source}")
    if copy.remedy is not None:
        lines.append(f"  instead: {copy.remedy}")
    return "\n".join(lines)
