"""Consoles of the command line: what they colour, how wide a file is, and a bar of progress."""

from __future__ import annotations

import os

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

__all__ = ["make_bytes_progress", "make_console", "make_progress"]

# Without a terminal nobody says how wide a line may be; this holds the widest table.
_WIDTH_OF_A_FILE = 140


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that colours what it is told to and nothing else."""
    console = Console(stderr=stderr, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDTH_OF_A_FILE
    return console


def make_progress() -> Progress:
    """Return a bar on standard error for what is measured, which is gone once all is."""
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=make_console(stderr=True),
        transient=True,
    )


def make_bytes_progress() -> Progress:
    """Return a bar on standard error for bytes that are moved, gone once all are.

    Where that is no terminal there is none: it would leave an empty line in a log.
    """
    console = make_console(stderr=True)
    return Progress(
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
