"""A verdict as a picture for notebooks: bytes used, gaps, rows, alignment."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass

from samebytes.memory.text import as_bytes_text
from samebytes.share.layout import Layout

__all__ = ["Runs", "draw_layout", "draw_verdict", "runs_of"]

WIDTH, LEFT, ROW_HEIGHT, MOST_ROWS = 640, 96, 18, 8
LINE_HEIGHT, CHARACTER_WIDTH, LEAST_BETWEEN_TICKS = 14, 6.7, 10
CACHE_LINE = 64
# Blue and outlines, not red against green; text follows the notebook's own colour.
USED = 'fill="#3b82c4" fill-opacity="0.85" stroke="#3b82c4"'
GAP = 'fill="none" stroke="currentColor" stroke-opacity="0.45" stroke-dasharray="3 3"'


@dataclass(frozen=True)
class Runs:
    """A layout as memory sees it: runs of used bytes, and the gaps between them.

    Attributes
    ----------
    nbytes : int
        Bytes of a run without a gap.
    pitch : int
        Bytes from the beginning of one run to that of the next.
    count : int
        Number of runs, 1 when the layout has no gap at all.
    """

    nbytes: int
    pitch: int
    count: int


def runs_of(layout: Layout) -> Runs:
    """Return the runs of `layout`: what lies together, innermost first, whatever the axes' order.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images = np.zeros((10, 512, 512, 3), np.uint8)
    >>> runs_of(sb.layout(images[:, 128:384, 128:384]))
    Runs(nbytes=768, pitch=1536, count=2560)
    """
    axes = sorted(
        (abs(step), length)
        for step, length in zip(layout.strides, layout.shape, strict=True)
        if length > 1 and step != 0
    )
    nbytes = layout.dtype.itemsize
    for position, (step, length) in enumerate(axes):
        if step != nbytes:
            count = 1
            for _, outer in axes[position:]:
                count *= outer
            return Runs(nbytes, step, count)
        nbytes *= length
    return Runs(nbytes, nbytes, 1)


def draw_layout(layout: Layout, *, width: int = WIDTH) -> str:
    """Return an SVG of the first runs of `layout`: one line a run, its gap dashed.

    Where a line is short enough, ticks mark multiples of 64 bytes, on which sharing begins.

    Parameters
    ----------
    layout : Layout
        Where the bytes lie.
    width : int
        Pixels that there is room for, and so how long a line is; letters keep their size.
    """
    if layout.size == 0 or layout.address is None:
        return ""
    runs = runs_of(layout)
    shown = min(runs.count, MOST_ROWS)
    scale = (width - LEFT - 8) / max(runs.pitch, runs.nbytes, 1)
    low, _ = layout.span
    caption = _caption(layout, runs)
    lines, x = _folded(caption, width)
    parts = [
        f'<text x="{x}" y="{11 + position * LINE_HEIGHT}">{html.escape(line)}</text>'
        for position, line in enumerate(lines)
    ]
    below = (len(lines) - 1) * LINE_HEIGHT
    for row in range(shown):
        y = below + 16 + row * ROW_HEIGHT
        start = low + row * runs.pitch
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 10}" text-anchor="end">{start:+,}</text>'
            f'<rect x="{LEFT}" y="{y}" width="{max(runs.nbytes * scale, 1):.1f}" height="12" '
            f"{USED}/>"
        )
        if runs.pitch > runs.nbytes:
            parts.append(
                f'<rect x="{LEFT + runs.nbytes * scale:.1f}" y="{y}" height="12" '
                f'width="{(runs.pitch - runs.nbytes) * scale:.1f}" {GAP}/>'
            )
        parts.extend(_ticks(layout.address + start, runs.pitch, scale, y))
    height = below + 24 + shown * ROW_HEIGHT
    if runs.count > shown:
        parts.append(
            f'<text x="{LEFT}" y="{height + 4}">… {runs.count - shown:,} more like these</text>'
        )
        height += 14
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'style="max-width:{width}px;width:100%" role="img" '
        f'font-family="ui-monospace,monospace" font-size="11" fill="currentColor">'
        f"<title>{html.escape(caption)}</title>" + "".join(parts) + "</svg>"
    )


def _folded(caption: str, width: int) -> tuple[list[str], int]:
    """Return the lines of a caption and where they begin: above the bytes if one is enough."""
    if len(caption) * CHARACTER_WIDTH <= width - LEFT:
        return [caption], LEFT
    return textwrap.wrap(caption, int(width / CHARACTER_WIDTH)), 0


def _caption(layout: Layout, runs: Runs) -> str:
    past = 0 if layout.address is None else layout.address % CACHE_LINE
    begins = f"begins {past} past a multiple of {CACHE_LINE}" if past else "begins on 64 bytes"
    if runs.count == 1:
        return f"one run of {as_bytes_text(runs.nbytes)}, {begins}"
    return (
        f"{runs.count:,} runs of {as_bytes_text(runs.nbytes)}, "
        f"one each {as_bytes_text(runs.pitch)}, {begins}"
    )


def _ticks(address: int, pitch: int, scale: float, y: int) -> list[str]:
    """Return marks at the multiples of 64 in a line, unless they would run together."""
    if CACHE_LINE * scale < LEAST_BETWEEN_TICKS:
        return []
    first = -address % CACHE_LINE
    return [
        f'<line x1="{LEFT + past * scale:.1f}" x2="{LEFT + past * scale:.1f}" y1="{y - 2}" '
        f'y2="{y + 14}" stroke="currentColor" stroke-width="1"/>'
        for past in range(first, pitch, CACHE_LINE)
    ]


def draw_verdict(outcome: str, text: str, layout: Layout) -> str:
    """Return a verdict as HTML: its headline and reasons, and the layout drawn below.

    Parameters
    ----------
    outcome : str
        In one word, for style sheets: ``shared``, ``copied`` or ``impossible``.
    text : str
        The verdict in words: the headline, then a line a reason.
    layout : Layout
        Where the bytes lie.
    """
    headline, *reasons = text.splitlines()
    listed = "".join(f"<li>{html.escape(line.strip())}</li>" for line in reasons)
    return (
        f'<div class="samebytes-verdict" data-outcome="{html.escape(outcome)}">'
        f"<p><strong>{html.escape(headline)}</strong><br>"
        f"<small>{html.escape(str(layout))}</small></p>"
        + (f"<ul>{listed}</ul>" if listed else "")
        + draw_layout(layout)
        + "</div>"
    )
