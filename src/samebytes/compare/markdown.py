"""The comparison as Markdown tables, one a kind of way."""

from __future__ import annotations

from samebytes.compare.cells import cells
from samebytes.compare.comparison import Comparison, Row
from samebytes.compare.way import Kind
from samebytes.share.layout import as_bytes_text

__all__ = ["render_markdown"]

_HEAD = "| way | given | the bytes | shape | extra RAM (peak) | first call | again |"
_RULE = "|---|---|---|---|--:|--:|--:|"


def render_markdown(comparison: Comparison) -> str:
    """Return the table for a README, with the machine and the command beneath it."""
    lines = [_HEAD, _RULE]
    for kind in Kind:
        rows = [row for row in comparison.rows if row.way.kind is kind]
        if rows:
            lines.append(f"| **{kind.value}** | | | | | | |")
            lines += [_line(row) for row in rows]
    size = f"{as_bytes_text(comparison.nbytes)} of uint8 images (N, 512, 512, 3)"
    lines += ["", f"{size}, each way in a process of its own. {comparison.machine}."]
    if comparison.remark:
        lines.append(f"({comparison.remark}.)")
    lines += ["", f"Measure it again: `{comparison.command}`", ""]
    return "\n".join(lines)


def _line(row: Row) -> str:
    words = cells(row)
    note = f"<br>{row.way.note}" if row.way.note else ""
    way = f"`{row.way.code}`{note}"
    figures = (words.extra, words.first, words.again)
    parts = (way, f"`{row.way.given.name}`", words.result, words.shape, *figures)
    return "| " + " | ".join(part.replace("|", "\\|") for part in parts) + " |"
