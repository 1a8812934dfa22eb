"""The comparison as one HTML file that needs nothing beside it."""

from __future__ import annotations

from typing import Any

from samebytes.errors import MissingPackage
from samebytes.report.comparison import Comparison, Row
from samebytes.report.way import Kind
from samebytes.report.wording import cells
from samebytes.share.layout import as_bytes_text

__all__ = ["render_html"]


def render_html(comparison: Comparison) -> str:
    """Give the page: a table with bars, for light and dark, wide and narrow screens.

    Raises
    ------
    MissingPackage
        If Jinja is not installed.
    """
    try:
        import jinja2
    except ImportError as missing:
        message = "a page needs Jinja; install it: pip install 'samebytes[cli]'"
        raise MissingPackage(message) from missing
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("samebytes.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = comparison.rows
    most_time = max((row.trial.first_milliseconds or 0.0 for row in rows if row.trial), default=0.0)
    most_extra = max((row.trial.extra_bytes or 0 for row in rows if row.trial), default=0)
    groups = [
        (kind.value, [_facts(row, most_time, most_extra) for row in rows if row.way.kind is kind])
        for kind in Kind
    ]
    return environment.get_template("compare.html").render(
        comparison=comparison,
        size=as_bytes_text(comparison.nbytes),
        groups=[(title, members) for title, members in groups if members],
    )


def _facts(row: Row, most_time: float, most_extra: float) -> dict[str, Any]:
    trial = row.trial
    return {
        "way": row.way,
        "outcome": row.outcome.name.lower(),
        "cells": cells(row),
        "first_percent": _percent(trial.first_milliseconds if trial else None, most_time),
        "again_percent": _percent(trial.again_milliseconds if trial else None, most_time),
        "extra_percent": _percent(trial.extra_bytes if trial else None, most_extra),
        "detail": row.detail,
    }


def _percent(value: float | None, most: float) -> str | None:
    """Give how long a bar is, None where there is nothing to draw."""
    if value is None or most <= 0:
        return None
    return f"{100 * value / most:.2f}"
