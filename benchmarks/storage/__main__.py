"""Feeding from files four times the memory allowed: ``python -m benchmarks.storage``.

Every way runs in a process of its own, within a control group that has a limit of memory, with
nothing of the file in memory at its begin; all ways of a job take turns, and medians count. The
limit that counts is what bare reads of ranges of the same sizes make. Exits with 1 where a bound is
missed, and says why where no control group can be made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from benchmarks.storage.jobs import JOBS
from benchmarks.storage.measured import Pace
from benchmarks.storage.memory_limit import Unlimited
from benchmarks.storage.race import COMMAND, Scale, measure
from benchmarks.storage.table import print_benchmark
from samebytes.cli.console import make_console, make_progress

__all__ = ["FULL", "QUICK", "app", "bench"]

FULL = Scale(memory_bytes=1 << 30, rounds=5, pace=Pace(lead=1.0, seconds=2.5))
QUICK = Scale(memory_bytes=512 << 20, rounds=1, pace=Pace(lead=0.5, seconds=1.0))

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(
    job: Annotated[
        list[str] | None,
        typer.Option(help="One of them; may be repeated. All by default."),
    ] = None,
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="A small file and one short round.")
    ] = False,
    memory: Annotated[int | None, typer.Option(help="Bytes that a process may have.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Of each turn.")] = None,
    rounds: Annotated[int | None, typer.Option(help="Turns of each way.")] = None,
    folder: Annotated[Path | None, typer.Option(help="On the disk to measure.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write every fact to this file.")] = None,
) -> None:
    """Measure feeding from files that do not fit in memory, beside bare reads and peers."""
    unknown = set(job or ()) - {each.key for each in JOBS}
    if unknown:
        message = f"{', '.join(sorted(unknown))}: expected {', '.join(each.key for each in JOBS)}"
        raise typer.BadParameter(message, param_hint="--job")
    if json is not None:
        json.touch()  # to fail now, not after the minutes that measuring takes
    usual = QUICK if quick else FULL
    pace = Pace(usual.pace.lead, usual.pace.seconds if seconds is None else seconds)
    scale = Scale(memory or usual.memory_bytes, rounds or usual.rounds, pace)
    chosen = [each for each in JOBS if job is None or each.key in job]
    options = {"--memory": memory, "--seconds": seconds, "--rounds": rounds, "--folder": folder}
    typed = [f"{name} {value}" for name, value in options.items() if value is not None]
    named = [f"--job {each}" for each in job or ()]
    command = " ".join([COMMAND, *named, *(["--quick"] if quick else []), *typed])
    console = make_console()
    try:
        with make_progress() as progress:
            task = progress.add_task("", total=None)
            benchmark = measure(
                chosen,
                scale,
                folder=folder,
                announce=lambda what: progress.update(task, description=what),
                command=command,
            )
    except Unlimited as why:
        console.print(Text(f"not measured: {why}"))
        return
    print_benchmark(benchmark, console)
    if json is not None:
        json.write_text(benchmark.as_json(), encoding="utf-8")
        console.print(Text(f"wrote {json}"), soft_wrap=True)
    if not all(bound.reached for each in benchmark.jobs for bound in each.bounds):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
