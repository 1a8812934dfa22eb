"""Prints the steps of a demonstration: numbered titles, code in colour, lines below."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from samebytes.measure.machine import this_machine

__all__ = ["StepPrinter"]


class StepPrinter:
    """Prints the steps of a demonstration, the machine first.

    Parameters
    ----------
    console : rich.console.Console
        Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps = 0
        console.print(Text(str(this_machine())), soft_wrap=True)

    def title(self, text: str) -> None:
        """Begin the next step."""
        self._steps += 1
        self._console.print(Text(f"\n{self._steps}  {text}", style="bold"))

    def code(self, text: str) -> None:
        """Print what a user would type."""
        self._console.print(Text(f"   >>> {text}", style="cyan"), soft_wrap=True)

    def line(self, text: str) -> None:
        """Print a line, or each of several."""
        for part in text.splitlines():
            self._console.print(Text(f"   {part}"), soft_wrap=True)

    def table(self, table: Table) -> None:
        """Print a table."""
        self._console.print(table)
