"""Rates by how far ahead is asked and by how many threads: ``python -m benchmarks.storage.sweep``.

The reasons beside the numbers in `samebytes.engine.readers` cite what this prints.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.storage.disk import disk_of
from benchmarks.storage.jobs import JOBS, Job, job_of
from benchmarks.storage.knobs import KNOBS
from benchmarks.storage.measured import Pace
from benchmarks.storage.memory_limit import Unlimited, memory_limit
from benchmarks.storage.race import Scale, WayFailedError, run_way
from benchmarks.storage.result import Role
from benchmarks.storage.sources import source_of
from samebytes.cli.console import make_console
from samebytes.measure.machine import this_machine

__all__ = ["Runner", "app", "print_sweep", "sweep"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Knobs = dict[str, int]


def _values(text: str) -> tuple[str, list[int]]:
    """Return a knob and its values: ``ahead-threads=2,4,8``."""
    name, equals, values = text.partition("=")
    try:
        numbers = [int(value) for value in values.split(",")]
    except ValueError:
        numbers = []
    if name not in KNOBS or not equals or not numbers:
        message = f"{text}: expected NAME=1,2,3, with NAME one of {', '.join(KNOBS)}"
        raise typer.BadParameter(message, param_hint="--knob")
    return name, numbers


@app.command()
def sweep(
    job: Annotated[list[str], typer.Option(help="Which; may be repeated.")],
    knob: Annotated[
        list[str], typer.Option(help="NAME=1,2,3: down the table, across it, and in tables.")
    ],
    *,
    way: Annotated[str, typer.Option(help="auto, read or map.")] = "auto",
    memory: Annotated[int, typer.Option(help="Bytes that a process may have.")] = 1 << 30,
    seconds: Annotated[float, typer.Option(help="Of each turn.")] = 2.0,
    rounds: Annotated[int, typer.Option(help="Turns of each.")] = 1,
    folder: Annotated[Path | None, typer.Option(help="On the disk to measure.")] = None,
) -> None:
    """Print the rates of one way of a job for all values of some knobs, beside bare reads."""
    knobs = dict(_values(each) for each in knob)
    unknown = set(job) - {each.key for each in JOBS}
    if unknown:
        message = f"{', '.join(sorted(unknown))}: expected {', '.join(each.key for each in JOBS)}"
        raise typer.BadParameter(message, param_hint="--job")
    scale = Scale(memory, rounds, Pace(1.0, seconds))
    console = make_console()
    try:
        with (
            memory_limit(memory) as limit,
            tempfile.TemporaryDirectory(prefix="samebytes-sweep-", dir=folder) as scratch,
        ):
            console.print(Text(f"{this_machine()}; {disk_of(Path(scratch))}"))
            for each in map(job_of, job):
                with source_of(each.source, Path(scratch), memory) as source:
                    runner = Runner(each, source, scale, limit.folder)
                    print_sweep(runner, way, knobs, console)
    except Unlimited as why:
        console.print(Text(f"not measured: {why}"))


class Runner:
    """Gives the rate of a way with some knobs turned."""

    def __init__(self, job: Job, source: str, scale: Scale, limit: Path | None) -> None:
        self.job = job
        self._source, self._scale, self._limit = source, scale, limit

    def rate(self, way: str, knobs: Knobs) -> float | None:
        """Return samples a second, None where it failed."""
        found = []
        for _ in range(self._scale.rounds):
            try:
                turns = run_way(
                    self.job, way, self._source, self._scale, limit=self._limit, knobs=knobs
                )
            except WayFailedError:
                return None
            found.append(turns[way].samples / turns[way].seconds)
        return statistics.median(found)


def print_sweep(
    runner: Runner, way: str, knobs: dict[str, Sequence[int]] | dict[str, list[int]], to: Console
) -> None:
    """Print a table for each combination of the knobs behind the second."""
    bare = {one.name: runner.rate(one.key, {}) for one in runner.job.ways if one.role is Role.BARE}
    best = max((rate for rate in bare.values() if rate is not None), default=0.0)
    to.print(Text(f"{runner.job.title}: {runner.job.pattern.unit} a second by {way}"))
    for name, rate in bare.items():
        to.print(Text(f"  {name}: {'failed' if rate is None else f'{rate:,.0f}'}"))
    down, across, *others = (*knobs.items(), ("", [0]))[: max(2, len(knobs))]
    for values in itertools.product(*(numbers for _, numbers in others)):
        fixed = {name: value for (name, _), value in zip(others, values, strict=True)}
        title = ", ".join(f"{name}={value:,}" for name, value in fixed.items())
        table = Table(title=title or None)
        table.add_column(down[0])
        for value in across[1]:
            table.add_column(f"{across[0]}={value:,}" if across[0] else "", justify="right")
        for value in down[1]:
            row = []
            for other in across[1]:
                turned = {**fixed, down[0]: value, **({across[0]: other} if across[0] else {})}
                row.append(_cell(runner.rate(way, turned), best))
            table.add_row(f"{value:,}", *row)
        to.print(table)


def _cell(rate: float | None, best: float) -> str:
    if rate is None:
        return "failed"
    return f"{rate:,.0f} ({rate / best:.2f})" if best else f"{rate:,.0f}"


if __name__ == "__main__":
    app()
