"""The benchmark in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.peers.result import Outcome
from benchmarks.storage.result import JobResult, Result, Role, StorageBenchmark
from samebytes.share.layout import as_bytes_text

__all__ = ["COLUMNS", "cells", "print_benchmark", "print_job"]

COLUMNS = (
    "{unit} a second",
    "lowest to highest",
    "of the best bare",
    "of use a second",
    "from disk a second",
)

_STYLES = {Outcome.ABSENT: "dim", Outcome.FAILED: "bold red"}


def cells(one: Result, job: JobResult) -> tuple[str, ...]:
    """Return the figures of one that was measured, in the order of `COLUMNS`."""
    best = max((each.rate for each in job.measured if each.role is Role.BARE), default=None)
    return (
        f"{one.rate:,.0f}",
        f"{min(one.rates):,.0f} to {max(one.rates):,.0f}",
        "" if best is None else f"{one.rate / best:.2f}",
        as_bytes_text(round(one.rate * job.sample_bytes)),
        as_bytes_text(round(one.disk_rate)),
    )


def print_benchmark(benchmark: StorageBenchmark, console: Console) -> None:
    """Print a table a job, what was reached, the machine, and the command."""
    for job in benchmark.jobs:
        print_job(job, console)
    limit = as_bytes_text(benchmark.memory_bytes)
    console.print(Text(f"{benchmark.machine}; {benchmark.disk}"))
    console.print(Text(f"Each process had {limit} of memory; {benchmark.seconds:.0f} s for all"))
    versions = ", ".join(f"{name} {version}" for name, version in benchmark.packages.items())
    console.print(Text(f"Libraries: {versions}"))
    console.print(Text(f"Measure it again: {benchmark.command}"))


def print_job(job: JobResult, console: Console) -> None:
    """Print the table of a job."""
    if job.left_out:
        console.print(Text(f"{job.title}: not measured; {job.left_out}\n"))
        return
    table = Table(title=job.title)
    table.add_column("", overflow="fold")
    for column in COLUMNS:
        table.add_column(column.format(unit=job.unit), justify="right")
    role = None
    for one in job.results:
        if role not in {None, one.role}:
            table.add_section()
        role = one.role
        name = Text(one.name, style="bold" if one.role is Role.OURS else "")
        if one.outcome is Outcome.MEASURED:
            table.add_row(name, *map(Text, cells(one, job)))
        else:
            table.add_row(name, Text(one.outcome.value, style=_STYLES[one.outcome]))
    console.print(table)
    source = f"A sample needs {as_bytes_text(job.sample_bytes)} of the file"
    size = f", which is {as_bytes_text(job.source_bytes)} large" if job.source_bytes else ""
    console.print(Text(f"  {source}{size}. {job.compared}", style="dim"))
    for one in job.results:
        if one.detail:
            console.print(Text(f"  {one.name}: {one.detail}", style=_STYLES[one.outcome]))
    for bound in job.bounds:
        console.print(Text(f"  {bound}", style="" if bound.reached else "bold red"))
    console.print()
