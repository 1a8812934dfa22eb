"""An audit in a terminal, or in a file that looks like one."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from samebytes.auditing.context import Audit
from samebytes.auditing.copies import Copy
from samebytes.auditing.text import (
    as_text,
    bytes_cell,
    source_line,
    sum_line,
    time_cell,
    where,
)

__all__ = ["print_audit"]

_LEAST_WIDTH_OF_TABLE = 100


def print_audit(audit: Audit, console: Console) -> None:
    """Print what was found, the most bytes first, and the sum."""
    copies = audit.copies
    if not copies:
        console.print(Text(sum_line(copies), style="green"))
    elif console.width < _LEAST_WIDTH_OF_TABLE:
        console.print(Text(as_text(copies)))
    else:
        console.print(_table(copies))
        console.print(Text(sum_line(copies)))


def _table(copies: tuple[Copy, ...]) -> Table:
    table = Table(title="copies that the code does not show", show_lines=True)
    table.add_column("where, and what to write instead", overflow="fold")
    table.add_column("way", overflow="fold")
    table.add_column("bytes", justify="right")
    table.add_column("copies", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    for copy in copies:
        way = Text.assemble(copy.way, "\n", (copy.what, "dim"))
        figures = (bytes_cell(copy), f"{copy.count:,}", time_cell(copy))
        table.add_row(_line(copy), way, *(Text(figure) for figure in figures))
    return table


def _line(copy: Copy) -> Text:
    text = Text(where(copy), style="bold")
    source = source_line(copy)
    if source:
        text.append(f"\n{source}", style="not bold red")
    if copy.remedy is not None:
        text.append(f"\n{copy.remedy}", style="not bold green")
    return text
