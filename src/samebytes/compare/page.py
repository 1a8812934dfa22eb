"""The page of a comparison: every way from NumPy to a tensor, and where the bytes lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from samebytes.compare.cells import Cells, cells
from samebytes.compare.comparison import Comparison, Outcome, Row
from samebytes.compare.layouts import draw_places
from samebytes.compare.way import Kind, Way
from samebytes.html.bars import Bar, Group, Mark, Panel, draw_bars
from samebytes.html.page import render
from samebytes.html.picture import Picture
from samebytes.memory.text import as_time_text
from samebytes.share.layout import as_bytes_text

__all__ = ["render_comparison_html"]

_TEMPLATE = Path(__file__).with_name("templates") / "compare.html"


def render_comparison_html(comparison: Comparison) -> str:
    """Return the page: memory and time of each way as bars, why copies happen, and the table.

    Raises
    ------
    MissingPackage
        If Jinja or Matplotlib is not installed.
    """
    kinds = [(kind, [row for row in comparison.rows if row.way.kind is kind]) for kind in Kind]
    kinds = [(kind, rows) for kind, rows in kinds if rows]
    return render(
        _TEMPLATE,
        machine=comparison.machine,
        command=comparison.command,
        seconds=comparison.seconds,
        comparison=comparison,
        size=as_bytes_text(comparison.nbytes),
        shares=[_share(kind, rows) for kind, rows in kinds],
        costs=_draw_costs(kinds) if kinds else None,
        places=draw_places(comparison.nbytes),
        groups=[
            (kind.value, [_entry(row, comparison.rows) for row in rows]) for kind, rows in kinds
        ],
    )


@dataclass(frozen=True)
class _Share:
    """One kind of ways in three figures."""

    title: str
    shared: int
    of: int
    most_extra: str
    slowest: str


@dataclass(frozen=True)
class _Entry:
    """One line of the table."""

    row: Row
    cells: Cells
    outcome: str
    ours: bool
    extra_percent: str | None
    first_percent: str | None
    again_percent: str | None


def _share(kind: Kind, rows: list[Row]) -> _Share:
    extras = [row.trial.extra_bytes for row in rows if row.trial]
    firsts = [row.trial.first_milliseconds for row in rows if row.trial]
    return _Share(
        title=kind.value,
        shared=sum(row.outcome is Outcome.SHARED for row in rows),
        of=len(rows),
        most_extra=as_bytes_text(_most(extras)),
        slowest=as_time_text(_most(firsts)),
    )


def _draw_costs(kinds: list[tuple[Kind, list[Row]]]) -> Picture:
    panels = (
        Panel("extra RAM at the peak", lambda value: as_bytes_text(value).replace(".0 ", " ")),
        Panel("time of the first call", lambda value: f"{value:,g} ms"),
    )
    groups = [Group(kind.value, tuple(_bar(row) for row in rows)) for kind, rows in kinds]
    told = "; ".join(
        f"{row.way.code} given {row.way.given.name}: {cells(row).result}"
        for _, rows in kinds
        for row in rows
    )
    words = (
        "A bar chart of the extra memory and time of each way; the table below has the figures. "
        f"{told}."
    )
    return draw_bars("costs", words, panels, groups, code=True)


def _bar(row: Row) -> Bar:
    words, trial = cells(row), row.trial
    note = f"given {row.way.given.name}"
    if trial is None or trial.extra_bytes is None or trial.first_milliseconds is None:
        marks = (Mark(None, words.result), Mark(None, ""))
    else:
        marks = (
            Mark(trial.extra_bytes, as_bytes_text(trial.extra_bytes)),
            Mark(trial.first_milliseconds, words.first),
        )
    return Bar(row.way.code, marks, note=note, ours=_is_ours(row.way))


def _is_ours(way: Way) -> bool:
    """Return whether samebytes is at work; on the way back to NumPy, one of two ways is its own."""
    return way.kind in {Kind.SAMEBYTES, Kind.UNCHANGED} or way.code.startswith("sb.")


def _entry(row: Row, rows: Iterable[Row]) -> _Entry:
    trials = [other.trial for other in rows if other.trial]
    times = [trial.first_milliseconds for trial in trials]
    extras = [trial.extra_bytes for trial in trials]
    trial = row.trial
    return _Entry(
        row=row,
        cells=cells(row),
        outcome=row.outcome.name.lower(),
        ours=_is_ours(row.way),
        extra_percent=_percent(trial.extra_bytes if trial else None, _most(extras)),
        first_percent=_percent(trial.first_milliseconds if trial else None, _most(times)),
        again_percent=_percent(trial.again_milliseconds if trial else None, _most(times)),
    )


def _most(values: Iterable[float | None]) -> float:
    return max((value for value in values if value is not None), default=0.0)


def _percent(value: float | None, most: float) -> str | None:
    """Return how long a bar is, None where there is nothing to draw."""
    if value is None or most <= 0:
        return None
    return f"{100 * min(value / most, 1.0):.2f}"
