"""The benchmark in a terminal, or in a file that looks like one."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.peers.result import Benchmark, JobResult, Outcome, Result
from samebytes.measure.numbers import number_text
from samebytes.share.layout import as_bytes_text

__all__ = ["print_benchmark"]

_STYLES = {Outcome.ABSENT: "dim", Outcome.FAILED: "bold red"}


def print_benchmark(benchmark: Benchmark, console: Console) -> None:
    """Print a table a job, how each contender is set up, the machine, and the command."""
    for job in benchmark.jobs:
        console.print(_table(job))
        console.print(Text(_limit(job)))
        for result in job.results:
            if result.detail:
                why = f"  {result.name}: {result.outcome.value}; {result.detail}"
                console.print(Text(why, style=_STYLES[result.outcome]))
            elif result.settings:
                console.print(Text(f"  {result.name}: {result.settings}", style="dim"))
        console.print()
    console.print(Text(f"{benchmark.machine}; {benchmark.seconds:.0f} s for all"))
    peers = ", ".join(f"{name} {version}" for name, version in benchmark.packages.items())
    if peers:
        console.print(Text(f"Peers: {peers}"))
    console.print(Text(f"Measure it again: {benchmark.command}"))


def _limit(job: JobResult) -> str:
    rate, nbytes = job.limit.rate, job.limit.rate * job.item_bytes
    return (
        f"memset on all cores, in turn too: {rate:,.0f} {job.unit} a second, "
        f"{as_bytes_text(round(nbytes))} a second"
    )


def _table(job: JobResult) -> Table:
    table = Table(title=job.title)
    table.add_column("", overflow="fold")
    table.add_column(f"{job.unit} a second", justify="right")
    table.add_column("lowest to highest", justify="right")
    table.add_column("the best peer", justify="right")
    table.add_column("of memset", justify="right")
    table.add_column("µs CPU each", justify="right")
    table.add_column("peak memory", justify="right")
    measured = [each for each in job.results if each.outcome is Outcome.MEASURED]
    best = max((each.rate for each in measured if not each.ours), default=None)
    section = True
    for result in job.results:
        if section and not result.ours:
            table.add_section()
            section = False
        table.add_row(*_cells(result, job, best))
    return table


def _cells(result: Result, job: JobResult, best: float | None) -> tuple[Text, ...]:
    name = Text(result.name, style="bold" if result.ours else "")
    if result.outcome is not Outcome.MEASURED:
        return name, Text(result.outcome.value, style=_STYLES[result.outcome])
    figures = (
        f"{result.rate:,.0f}",
        f"{min(result.rates):,.0f} to {max(result.rates):,.0f}",
        "" if best is None else f"{result.rate / best:.3g} times",
        f"{result.rate / job.limit.rate:.0%}",
        number_text(result.cpu_seconds_an_item * 1e6),
        as_bytes_text(result.peak_anonymous_bytes),
    )
    return name, *(Text(figure) for figure in figures)
