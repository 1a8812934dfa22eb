"""The page of an audit: what was copied where, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samebytes.auditing.copies import Copy
from samebytes.auditing.recording import LEAST_BYTES
from samebytes.auditing.text import source_line, sum_line, time_cell, where
from samebytes.html.bars import Bar, Group, Mark, Panel, draw_bars
from samebytes.html.page import render
from samebytes.html.picture import Picture
from samebytes.measure.machine import Machine
from samebytes.share.layout import as_bytes_text

__all__ = ["AuditFacts", "render_audit_html"]

_TEMPLATE = Path(__file__).with_name("templates") / "audit.html"


@dataclass(frozen=True)
class AuditFacts:
    """What an audit found, with all one needs to believe or repeat it.

    Attributes
    ----------
    copies : tuple of Copy
        The most bytes first.
    machine : Machine
        Where it ran.
    script, command : str
        What ran, and what to type to audit it again; empty for a block inside a program.
    exit_code : int or None
        What the script ended with, where there is one.
    date : str
        Of the day, as in ISO 8601; empty where it is not to be told.
    seconds : float or None
        How long the audited code took.
    """

    copies: tuple[Copy, ...]
    machine: Machine
    script: str = ""
    command: str = ""
    exit_code: int | None = None
    date: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class _Entry:
    """One line of the table, in words."""

    copy: Copy
    where: str
    source: str
    count: str
    nbytes: str
    again: str
    time: str


def render_audit_html(audited: AuditFacts) -> str:
    """Return the page: the sum, a bar a line of code, and a table with what to write instead.

    Raises
    ------
    MissingPackage
        If Jinja or Matplotlib is not installed.
    """
    copies = audited.copies
    return render(
        _TEMPLATE,
        machine=audited.machine,
        command=audited.command,
        date=audited.date,
        seconds=audited.seconds,
        audited=audited,
        total=as_bytes_text(sum(copy.bytes for copy in copies)),
        sentence=sum_line(copies),
        least=as_bytes_text(LEAST_BYTES),
        picture_of_bytes=_draw(copies) if copies else None,
        entries=[_entry(copy, audited.script) for copy in copies],
    )


def _draw(copies: tuple[Copy, ...]) -> Picture:
    panel = Panel("bytes copied", lambda value: as_bytes_text(value).replace(".0 ", " "))
    bars = tuple(
        Bar(
            f"{Path(copy.file).name}:{copy.line}",
            (Mark(copy.bytes, as_bytes_text(copy.bytes)),),
            note=copy.way,
        )
        for copy in copies
    )
    told = "; ".join(f"{bar.name} {bar.marks[0].text}" for bar in bars)
    return draw_bars(
        "copies",
        f"A bar chart of the bytes copied by each line: {told}.",
        [panel],
        [Group("", bars)],
    )


def _entry(copy: Copy, script: str) -> _Entry:
    # The page says once where the script lies.
    in_script = copy.file == script
    return _Entry(
        copy=copy,
        where=f"{Path(copy.file).name}:{copy.line}" if in_script else where(copy),
        source=source_line(copy),
        count=f"{copy.count:,}",
        nbytes=as_bytes_text(copy.bytes),
        again=as_bytes_text(copy.bytes_again) if copy.bytes_again else "",
        time=time_cell(copy),
    )
