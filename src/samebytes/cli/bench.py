"""``samebytes bench``: where the benchmarks are, which do not come with the package."""

from __future__ import annotations

import typer

__all__ = ["SETTINGS", "bench"]

# Whatever is typed behind it, the answer is the same.
SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}


def bench() -> None:
    """Say how to measure the library beside other libraries."""
    typer.echo(
        "samebytes: the benchmarks are in the source repository, not in the package; "
        "run make bench there, or python -m benchmarks.peers --help",
        err=True,
    )
    raise typer.Exit(2)
