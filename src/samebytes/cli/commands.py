"""What can be typed: demo, explain, compare, audit and shuffle; and where the benchmarks are."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

import samebytes as sb
from samebytes.cli import audit, bench, shuffle
from samebytes.cli.options import parsed
from samebytes.cli.sizes import parse_shape, parse_size
from samebytes.cli.slices import Index, parse_slice
from samebytes.compare.way import Way
from samebytes.errors import SamebytesError

__all__ = ["app"]

app = typer.Typer(
    name="samebytes",
    help="Your array's bytes are the tensor: see it, ask why not, measure it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 (typer calls it so)
    if asked:
        typer.echo(f"samebytes {sb.__version__}")
        raise typer.Exit


app.command(context_settings=audit.SETTINGS)(audit.audit)
app.command(context_settings=bench.SETTINGS)(bench.bench)
app.command()(shuffle.shuffle)


@app.callback()
def _whole(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Your array's bytes are the tensor: see it, ask why not, measure it."""


class Job(str, Enum):
    """What a demonstration trains its model on."""

    IMAGES = "images"
    SERIES = "series"
    TOKENS = "tokens"


@app.command()
def demo(
    job: Annotated[
        Job, typer.Option(help="What to train on: photographs, a time series or text.")
    ] = Job.IMAGES,
    tiles: Annotated[
        int | None,
        typer.Option(
            min=9,
            help="For --job images: the number of 512x512x3 images; by default 512 (403 MB).",
        ),
    ] = None,
) -> None:
    """Train a small model on real data, without a download, and compare with other input code."""
    from samebytes.cli.console import make_console

    if tiles is not None and job is not Job.IMAGES:
        message = f"only --job images has tiles, not {job.value}; leave --tiles out"
        raise typer.BadParameter(message, param_hint="--tiles")
    console = make_console()
    if job is Job.SERIES:
        from samebytes.demo.series import run_series

        well = run_series(console)
    elif job is Job.TOKENS:
        from samebytes.demo.tokens import run_tokens

        well = run_tokens(console)
    else:
        from samebytes.demo.images import run_images

        well = run_images(512 if tiles is None else tiles, console)
    if not well:
        raise typer.Exit(1)


@app.command()
def explain(
    file: Annotated[
        Path,
        typer.Argument(
            help="Any file that sb.open opens, or a pattern such as 'part-*.npy'; raw files need "
            "--dtype."
        ),
    ],
    dtype: Annotated[
        str | None, typer.Option(help="The dtype of a raw file, for example uint8.")
    ] = None,
    shape: Annotated[
        str | None, typer.Option(help="The shape of a raw file, for example -1,28,28.")
    ] = None,
    offset: Annotated[int, typer.Option(min=0, help="How many bytes of a raw file to skip.")] = 0,
    key: Annotated[
        str | None, typer.Option(help="Explain only the array of this name, for example images.")
    ] = None,
    slice_text: Annotated[
        str | None, typer.Option("--slice", help="A slice, written as in NumPy: '10:20, :, ::2'.")
    ] = None,
    to: Annotated[
        str, typer.Option(help="The target: tensorflow, torch, jax or numpy.")
    ] = "tensorflow",
) -> None:
    """Say whether the arrays in a file become tensors on the same bytes, and if not, why."""
    if to not in {"tensorflow", "torch", "jax", "numpy"}:
        message = f"{to!r} is not a target; expected tensorflow, torch, jax or numpy"
        raise typer.BadParameter(message, param_hint="--to")
    lengths = None if shape is None else parsed(parse_shape, shape, "--shape")
    index = None if slice_text is None else parsed(parse_slice, slice_text, "--slice")
    try:
        opened: Any = sb.open(file, dtype, lengths, offset=offset, key=key)
    except SamebytesError:
        raise
    except (TypeError, ValueError) as error:  # a dtype that is none, --shape without --dtype
        raise typer.BadParameter(str(error)) from error
    chosen = {name: _chosen(array, index, name) for name, array in _arrays_of(opened)}
    if to == "tensorflow":
        from samebytes.measure.tensorflow_startup import import_quietly

        import_quietly()
    for name, array in chosen.items():
        typer.echo(f"{file}, {name}" if name else str(file))
        if isinstance(array, sb.LazyArray):
            typer.echo(f"  {array.dtype} {array.shape}, stored in chunks of {array.chunks}")
            typer.echo(
                "  in no memory, so what is read is copied: a Dataset reads what batches need"
            )
            continue
        typer.echo(f"  {sb.layout(array)}")
        for line in str(sb.explain(array, to=to)).splitlines():
            typer.echo(f"  {line}")


def _arrays_of(opened: Any) -> Iterator[tuple[str, Any]]:
    """Yield the opened arrays with their names, and the parts of a source one by one."""
    for name, found in (opened if isinstance(opened, dict) else {"": opened}).items():
        if isinstance(found, sb.ConcatArray):
            for number, part in enumerate(found.arrays):
                yield f"{name}, part {number}".removeprefix(", "), part
        else:
            yield name, found


def _chosen(array: sb.Array | sb.LazyArray, index: tuple[Index, ...] | None, name: str) -> Any:
    if index is None or isinstance(array, sb.LazyArray):  # any part of that is a copy
        return array
    if Ellipsis not in index:
        index = (*index, Ellipsis)  # or an element alone would be a copy of it
    try:
        return array[index]
    except IndexError as error:
        what = f"{name}, of shape {array.shape}" if name else f"shape {array.shape}"
        raise typer.BadParameter(f"{error} ({what})", param_hint="--slice") from error


@app.command()
def compare(
    size: Annotated[
        str, typer.Option(help="The size of the data; less is used if that does not fit.")
    ] = "4GB",
    json: Annotated[
        Path | None, typer.Option(help="Write all results to this file as JSON.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write the results to this file as an HTML page.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Write the table to this file as Markdown.")
    ] = None,
) -> None:
    """Measure every way from NumPy to a tensor, each in a process of its own."""
    from samebytes.cli.console import make_console, make_progress
    from samebytes.compare.comparison import compare as measure_all
    from samebytes.compare.markdown import render_markdown
    from samebytes.compare.page import render_comparison_html
    from samebytes.compare.table import print_comparison
    from samebytes.compare.ways import WAYS
    from samebytes.html.page import check_packages

    nbytes = parsed(parse_size, size, "--size")
    for target in (json, html, markdown):
        if target is not None:
            target.touch()  # to fail now, not after the minutes that measuring takes
    if html is not None:
        check_packages()
    progress = make_progress()
    with progress:
        task = progress.add_task("", total=len(WAYS))
        started = iter(range(len(WAYS)))

        def announce(way: Way) -> None:
            progress.update(task, completed=next(started), description=way.code)

        result = measure_all(
            nbytes, announce=announce, command=f"samebytes compare --size {size.replace(' ', '')}"
        )
    console = make_console()
    print_comparison(result, console)
    renderings = (
        (json, type(result).as_json),
        (html, render_comparison_html),
        (markdown, render_markdown),
    )
    for path, render in renderings:
        if path is not None:
            path.write_text(render(result), encoding="utf-8")
            console.print(Text(f"wrote {path}"), soft_wrap=True)
