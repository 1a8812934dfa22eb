"""``samebytes shuffle``: a file written in a random order, once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from samebytes.cli.options import parsed
from samebytes.cli.sizes import parse_shape, parse_size
from samebytes.errors import SamebytesError
from samebytes.share.layout import as_bytes_text

if TYPE_CHECKING:
    from samebytes.shuffling import Progress

__all__ = ["shuffle"]


def shuffle(
    source: Annotated[Path, typer.Argument(help="A .npy file or, with --dtype, raw values.")],
    target: Annotated[Path, typer.Argument(help="The .npy file to write.")],
    seed: Annotated[
        int, typer.Option(min=0, help="Of the order: the same for every file of as many rows.")
    ] = 0,
    memory: Annotated[
        str | None, typer.Option(help="At most, as in 4GB; by default half of what is available.")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="Of raw values, such as uint8.")] = None,
    shape: Annotated[str | None, typer.Option(help="Of raw values, such as -1,28,28.")] = None,
    offset: Annotated[int, typer.Option(min=0, help="Bytes before the raw values.")] = 0,
    *,
    overwrite: Annotated[bool, typer.Option(help="Replace a file that is there.")] = False,
) -> None:
    """Write the rows of a file in a random order, so that reading them in order is a shuffle.

    What was interrupted goes on where it was when it is run again.
    """
    import samebytes as sb
    from samebytes.cli.console import make_bytes_progress, make_console

    limit = None if memory is None else parsed(parse_size, memory, "--memory")
    lengths = None if shape is None else parsed(parse_shape, shape, "--shape")
    console, bar = make_console(), make_bytes_progress()
    with bar:
        task = bar.add_task("", total=None)
        said = False

        def announce(now: Progress) -> None:
            nonlocal said
            if not said:
                for line in _beginning(now):
                    bar.console.print(Text(line), soft_wrap=True)
            said = True
            bar.update(task, total=now.total, completed=now.done)

        try:
            rows: Any = sb.open(source, dtype, lengths, offset=offset)
            if isinstance(rows, dict):
                rows = source  # is refused there, by its members' names
            made = sb.shuffled_copy(
                rows, target, seed=seed, memory=limit, overwrite=overwrite, progress=announce
            )
        except SamebytesError:
            raise
        except (TypeError, ValueError) as error:  # what was typed makes no sense
            raise typer.BadParameter(str(error)) from error
    told = f"wrote {target}: {len(made):,} rows, {as_bytes_text(made.nbytes)}, seed {seed}"
    console.print(Text(told), soft_wrap=True)


def _beginning(now: Progress) -> list[str]:
    if now.anew is not None:
        return [f"an interrupted copy is there, and begins anew: {now.anew}"]
    if now.resumed:
        share = f"{now.resumed / now.total:.0%}"
        return [f"goes on where it was interrupted, at {share}"]
    return []
