"""``samebytes bench``: where to find the benchmarks, which do not come with the package."""

from __future__ import annotations

import typer

__all__ = ["SETTINGS", "bench"]

# Whatever is typed behind it, the answer is the same.
SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}


def bench() -> None:
    """Say how to benchmark samebytes against other libraries."""
    typer.echo(
        "samebytes: the benchmarks are in the source repository, not in the package; there, run "
        "`make bench`, or `python -m benchmarks.peers --help`",
        err=True,
    )
    raise typer.Exit(2)
