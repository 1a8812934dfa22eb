"""What a notebook shows of facts: a headline, a bar of shares, a table, a closing word."""

from __future__ import annotations

import html
from collections.abc import Sequence

from samebytes.share.drawing import GAP, USED

__all__ = ["card"]

# Colours of text and ground stay the notebook's own, so that both its themes can be read.
_CELL = "text-align:left;vertical-align:top;padding:0.1em 1em 0.1em"
_NAME = "font-weight:normal;white-space:nowrap;opacity:0.75"
_BAR_WIDTH, _BAR_HEIGHT = 640, 12


def card(
    kind: str,
    headline: str,
    rows: Sequence[tuple[str, str]],
    *,
    bar: tuple[str, float] | None = None,
    closing: str = "",
) -> str:
    """Return facts as HTML that needs nothing beside it; every text is escaped.

    Parameters
    ----------
    kind : str
        What is shown; it becomes the class ``samebytes-<kind>``.
    headline : str
        In one line, what it is.
    rows : sequence of (str, str)
        Name and fact. A name that begins with spaces belongs to the row above it.
    bar : (str, float), optional
        What a bar shows, and how much of it is filled: 0 to 1.
    closing : str
        What follows from it all.

    Examples
    --------
    >>> card("counts", "two facts", [("this", "1 < 2")])[:48]
    '<div class="samebytes-counts"><p><strong>two fac'
    """
    table = "".join(_row(name, fact) for name, fact in rows)
    return (
        f'<div class="samebytes-{html.escape(kind)}">'
        f"<p><strong>{html.escape(headline)}</strong></p>"
        + ("" if bar is None else _bar(*bar))
        + f'<table style="border:none;margin:0"><tbody>{table}</tbody></table>'
        + (f"<p>{html.escape(closing)}</p>" if closing else "")
        + "</div>"
    )


def _row(name: str, fact: str) -> str:
    depth = len(name) - len(name.lstrip())
    return (
        f'<tr><th scope="row" style="{_CELL} {0.5 + depth / 2:g}em;{_NAME}">'
        f"{html.escape(name.strip())}</th>"
        f'<td style="{_CELL} 0.5em">{html.escape(fact)}</td></tr>'
    )


def _bar(what: str, filled: float) -> str:
    """Return one bar, filled from the left; the rest is an outline."""
    split = _BAR_WIDTH * min(max(filled, 0.0), 1.0)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 {_BAR_WIDTH + 2} '
        f'{_BAR_HEIGHT + 2}" style="max-width:{_BAR_WIDTH}px;width:100%" role="img">'
        f"<title>{html.escape(what)}</title>"
        f'<rect x="0" y="0" width="{split:.1f}" height="{_BAR_HEIGHT}" {USED}/>'
        f'<rect x="{split:.1f}" y="0" width="{_BAR_WIDTH - split:.1f}" '
        f'height="{_BAR_HEIGHT}" {GAP}/></svg>'
    )
