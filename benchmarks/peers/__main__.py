"""``python -m benchmarks.peers``: the library's jobs beside every peer that is installed."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from benchmarks.peers.contenders import CONTENDERS, QUICK_CONTENDERS
from benchmarks.peers.jobs import FULL, QUICK
from benchmarks.peers.page import render_benchmark_html
from benchmarks.peers.race import COMMAND, FULL_PACE, QUICK_PACE, measure
from benchmarks.peers.table import print_benchmark
from samebytes.cli.console import make_console, make_progress
from samebytes.html.page import check_packages
from samebytes.measure.tensorflow_startup import silence_tensorflow

__all__ = ["app", "bench"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Job(str, Enum):
    """What is measured."""

    IMAGES = "images"
    WINDOWS = "windows"
    TOKENS = "tokens"
    FIT = "fit"


@app.command()
def bench(
    job: Annotated[
        list[Job] | None, typer.Option(help="One of them; may be repeated. All by default.")
    ] = None,
    *,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Less data, shorter turns, some variants left out: under two minutes."
        ),
    ] = False,
    json: Annotated[Path | None, typer.Option(help="Write every fact to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one page to this file.")] = None,
) -> None:
    """Measure images, windows, tokens and fit beside every peer that is installed, in turns."""
    if html is not None:
        check_packages()
    for target in (json, html):
        if target is not None:
            target.touch()  # to fail now, not after the minutes that measuring takes
    wanted = {each.value for each in job or Job}
    jobs = [each for each in (QUICK if quick else FULL) if each.key in wanted]
    chosen = [f"--job {each.value}" for each in job or ()]
    command = " ".join([COMMAND, *chosen, *(["--quick"] if quick else [])])
    progress = make_progress()
    with progress:
        task = progress.add_task("", total=None)

        def announce(what: str, done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, description=what)

        benchmark = measure(
            jobs,
            QUICK_CONTENDERS if quick else CONTENDERS,
            QUICK_PACE if quick else FULL_PACE,
            announce=announce,
            command=command,
        )
    console = make_console()
    print_benchmark(benchmark, console)
    if json is not None:
        json.write_text(benchmark.as_json(), encoding="utf-8")
        console.print(Text(f"wrote {json}"), soft_wrap=True)
    if html is not None:
        html.write_text(render_benchmark_html(benchmark), encoding="utf-8")
        console.print(Text(f"wrote {html}"), soft_wrap=True)


if __name__ == "__main__":
    silence_tensorflow()
    app()
