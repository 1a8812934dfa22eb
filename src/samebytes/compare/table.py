"""The comparison in a terminal, or in a file that looks like one."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from samebytes.compare.cells import cells
from samebytes.compare.comparison import Comparison, Outcome, Row
from samebytes.compare.way import Kind
from samebytes.share.layout import as_bytes_text

__all__ = ["print_comparison"]

_STYLES = {
    Outcome.SHARED: "green",
    Outcome.COPIED: "yellow",
    Outcome.REFUSED: "red",
    Outcome.KILLED: "bold red",
    Outcome.TIMED_OUT: "bold red",
    Outcome.FAILED: "bold red",
}
_LEAST_WIDTH_OF_TABLE = 100


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print the table, the machine it holds for, and the command that repeats it."""
    title = f"{as_bytes_text(comparison.nbytes)} of uint8 images, (N, 512, 512, 3)"
    if console.width < _LEAST_WIDTH_OF_TABLE:
        _print_list(comparison, console, title)
    else:
        console.print(_table(comparison, title))
    if comparison.remark:
        console.print(Text(comparison.remark))
    console.print(Text(f"{comparison.machine}; {comparison.seconds:.0f} s for all"))
    console.print(Text(f"Measure it again: {comparison.command}"))


def _print_list(comparison: Comparison, console: Console, title: str) -> None:
    """Print a way a paragraph, where a table would have no room for words."""
    console.print(Text(title, style="bold"))
    for row in comparison.rows:
        words = cells(row)
        way, given, result, *_ = _renderables(row)
        console.print(Text.assemble("\n", way, "\n  given ", given, ": ", result))
        figures = f"  {words.extra} extra RAM; {words.first}, again {words.again}"
        console.print(Text(f"  shape {words.shape};{figures}"))


def _table(comparison: Comparison, title: str) -> Table:
    table = Table(title=title)
    table.add_column("way", overflow="fold")
    table.add_column("given", overflow="fold")
    table.add_column("the bytes")
    table.add_column("shape")
    table.add_column("extra RAM, peak", justify="right")
    table.add_column("first call", justify="right", no_wrap=True)
    table.add_column("again", justify="right", no_wrap=True)
    for kind in Kind:
        rows = [row for row in comparison.rows if row.way.kind is kind]
        if rows:
            table.add_section()
            table.add_row(Text(kind.value, style="bold"))
        for row in rows:
            table.add_row(*_renderables(row))
    return table


def _renderables(row: Row) -> tuple[Text, ...]:
    words = cells(row)
    way = Text(row.way.code)
    if row.way.note:
        way.append(f"\n  {row.way.note}", style="dim")
    result = Text(words.result, style=_STYLES[row.outcome])
    plain = (words.shape, words.extra, words.first, words.again)
    return way, Text(row.way.given.name), result, *(Text(cell) for cell in plain)
