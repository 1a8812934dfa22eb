"""The demonstration: real photographs become tensors, with what it costs beside what it did."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

import samebytes as sb
from samebytes.demo.classifier import crops, train
from samebytes.demo.photographs import TILE_SHAPE, cut_tiles, read_photographs
from samebytes.demo.printer import StepPrinter
from samebytes.measure.cost import MeasuredTwice, measure_twice
from samebytes.measure.memory import anonymous_bytes
from samebytes.measure.rates import as_rates_text
from samebytes.measure.tensorflow_startup import hide_accelerators, import_quietly
from samebytes.memory.aligned import address_of
from samebytes.memory.text import as_time_text
from samebytes.share.layout import as_bytes_text

__all__ = ["Step", "run_images"]

Images = npt.NDArray[Any]


@dataclass(frozen=True)
class Step:
    """One step, done by samebytes and by TensorFlow alone.

    Attributes
    ----------
    name : str
        What was done.
    ours, stock : Measured
        What it cost; the results are not kept.
    equal : bool
        Whether every value was the same.
    """

    name: str
    ours: MeasuredTwice[None]
    stock: MeasuredTwice[None]
    equal: bool


def run_images(tiles: int, console: Console) -> bool:
    """Tell and show the whole of it, and return whether all values were equal.

    Parameters
    ----------
    tiles : int
        How many tiles of 512x512x3 bytes; 512 are 403 MB.
    console : rich.console.Console
        Where to.
    """
    photographs = read_photographs()
    hide_accelerators()
    tensorflow = import_quietly()
    printer = StepPrinter(console)
    with tempfile.TemporaryDirectory(prefix="samebytes-demo-") as folder:
        path = Path(folder, "images.npy")
        writer = np.lib.format.open_memmap(path, "w+", np.uint8, (tiles, *TILE_SHAPE))
        cut_tiles(photographs, writer)
        del writer
        printer.title("A file of photographs, opened")
        printer.line(
            f"{tiles} tiles of 512x512x3, cut from {len(photographs)} photographs that ship with "
            f"scikit-image ({', '.join(photographs)}; small ones extended by mirroring)"
        )
        x: sb.Array = sb.open(path)
        plain = np.load(path, mmap_mode="r")
        printer.code('x = sb.open("images.npy")      # the only line that changes')
        printer.line(f"{path}: {as_bytes_text(path.stat().st_size)}")
        printer.line(str(sb.layout(x)))
        _touch(x, plain)
        _warm_up(tensorflow, x, plain)
        steps = [
            _share_all(tensorflow, printer, x, plain),
            _crop_center(tensorflow, printer, x, plain),
            _channels_first(tensorflow, printer, x, plain),
        ]
        learned = _learn(printer, x, tuple(photographs))
        del x, plain
    _conclude(printer, steps)
    return learned and all(step.equal for step in steps)


def _share_all(tensorflow: Any, printer: StepPrinter, x: sb.Array, plain: Images) -> Step:
    printer.title("The file's bytes are the tensor")
    printer.code("tensor = tf.convert_to_tensor(x)   # the code you already have")
    before = anonymous_bytes()
    ours = measure_twice(lambda: tensorflow.convert_to_tensor(x))
    after = anonymous_bytes()
    tensor_address = address_of(sb.as_array(ours.result))
    same = "the same" if tensor_address == address_of(x) else "another"
    printer.line(f"address of the array   {address_of(x):#x}")
    printer.line(f"address of the tensor  {tensor_address:#x}   {same}")
    if before is not None and after is not None:
        grown = f"{as_bytes_text(before)} before, {as_bytes_text(after)} after"
        printer.line(f"anonymous memory       {grown}")
    stock = measure_twice(lambda: tensorflow.convert_to_tensor(plain))
    return _side_by_side(printer, "all the photographs", ours, stock)


def _crop_center(tensorflow: Any, printer: StepPrinter, x: sb.Array, plain: Images) -> Step:
    printer.title("The center crop, through a memoryview")
    printer.code("crop = sb.as_array(memoryview(x))[:, 128:384, 128:384, :]")
    crop = sb.as_array(memoryview(x))[:, 128:384, 128:384, :]  # type: ignore[arg-type]
    printer.line(
        f"a view of the same bytes: {sb.shares_memory(crop, x)}; nothing has been copied yet"
    )
    printer.code("print(sb.explain(crop))")
    printer.line(str(sb.explain(crop)))
    printer.code("tensor = sb.as_tensor(crop)        # one gather of the crop's own bytes")
    ours = measure_twice(lambda: sb.as_tensor(crop))
    stock = measure_twice(
        lambda: tensorflow.convert_to_tensor(np.ascontiguousarray(plain[:, 128:384, 128:384, :]))
    )
    return _side_by_side(printer, "the center crop", ours, stock)


def _channels_first(tensorflow: Any, printer: StepPrinter, x: sb.Array, plain: Images) -> Step:
    printer.title("Channels first")
    printer.code("tensor = sb.as_tensor(np.moveaxis(x, -1, 1))")
    ours = measure_twice(lambda: sb.as_tensor(np.moveaxis(x, -1, 1)))
    stock = measure_twice(
        lambda: tensorflow.convert_to_tensor(np.ascontiguousarray(np.moveaxis(plain, -1, 1)))
    )
    return _side_by_side(printer, "channels first", ours, stock)


def _learn(printer: StepPrinter, x: sb.Array, photographs: tuple[str, ...]) -> bool:
    """Train a small model to tell the photographs apart, and return whether it learned."""
    printer.title("A small Keras model, trained on random crops of the file")
    labels = np.arange(len(x)) % len(photographs)  # the order in which the tiles were cut
    printer.code("ds = crops(x, labels)                  # described, nothing read yet")
    printer.line(str(crops(x, labels)))
    printer.code("model.fit(ds.to_tf(), epochs=4, shuffle=False)   # ds already shuffles")
    training = train(x, labels, len(photographs))
    losses = ", ".join(f"{loss:.2f}" for loss in training.losses)
    printer.line(
        f"loss {losses}; it recognizes the photograph of {training.accuracy:.0%} of the crops"
    )
    ours, stock = training.images_a_second, training.stock_images_a_second
    printer.line(f"the input alone: {as_rates_text('images', ours, 'tf.data alone', stock)}")
    return training.losses[-1] < training.losses[0]


def _touch(*arrays: Images) -> None:
    """Bring every page in, so that no step waits for the disk or counts the file's pages."""
    for array in arrays:
        array.reshape(-1)[:: sb.memory.aligned.PAGE_BYTES].max()


def _warm_up(tensorflow: Any, x: sb.Array, plain: Images) -> None:
    """Do once on two tiles what is measured: first calls set things up."""
    calls: tuple[Callable[[], Any], ...] = (
        lambda: tensorflow.convert_to_tensor(x[:2]),
        lambda: tensorflow.convert_to_tensor(np.ascontiguousarray(plain[:2])),
        lambda: sb.explain(x[:2, ::2]).estimate_milliseconds(),
        lambda: sb.as_tensor(np.moveaxis(x[:2], -1, 1)),
    )
    for call in calls:
        call()


def _side_by_side(
    printer: StepPrinter, name: str, ours: MeasuredTwice[Any], stock: MeasuredTwice[Any]
) -> Step:
    """Compare all values, print what both cost, and let go of the tensors."""
    equal = np.array_equal(sb.as_array(ours.result), sb.as_array(stock.result))
    printer.line(f"samebytes         {_cost(ours)}")
    printer.line(f"stock TensorFlow  {_cost(stock)}")
    printer.line(f"values equal: {equal}")
    return Step(name, _bare(ours), _bare(stock), equal)


def _bare(measured: MeasuredTwice[Any]) -> MeasuredTwice[None]:
    return replace(measured, result=None)


def _cost(measured: MeasuredTwice[Any]) -> str:
    first, again = measured.first_milliseconds, measured.again_milliseconds
    extra = as_bytes_text(measured.extra_bytes)
    return f"{as_time_text(first):>10}, again {as_time_text(again):>10}; {extra} extra"


def _conclude(printer: StepPrinter, steps: list[Step]) -> None:
    printer.title("Side by side")
    table = Table()
    table.add_column("")
    for head in ("", "first call", "again", "extra RAM"):
        table.add_column(head, justify="right" if head else "left")
    for step in steps:
        for name, cost in (("samebytes", step.ours), ("stock TensorFlow", step.stock)):
            table.add_row(
                step.name if cost is step.ours else "",
                name,
                as_time_text(cost.first_milliseconds),
                as_time_text(cost.again_milliseconds),
                as_bytes_text(cost.extra_bytes),
            )
        table.add_section()
    printer.table(table)
    whole, crop, channels = steps
    printer.line(
        f"Sharing took {as_bytes_text(whole.ours.extra_bytes)} and was {_ratios(whole)} times as "
        f"fast as stock TensorFlow, which took {as_bytes_text(whole.stock.extra_bytes)}. Where the "
        f"order needs a copy, one gather was {_ratios(crop)} (crop) and {_ratios(channels)} "
        "(channels first) times as fast. (Each pair is the first call, then the next.)"
    )


def _ratios(step: Step) -> str:
    first = step.stock.first_milliseconds / step.ours.first_milliseconds
    again = step.stock.again_milliseconds / step.ours.again_milliseconds
    return " and ".join(f"{ratio:,.{1 if ratio < 100 else 0}f}" for ratio in (first, again))
