"""RandomResizedCrop 512 to 224, flip and scale to float32, on one core: ours and the peers' paths.

``python -m benchmarks.resampling`` prints images a second, medians of rounds in turn, by wall clock
and by processor time. All have the same draws and write batches of float32 in [0, 1]; before
anything is timed, the results are compared. PyTorch and OpenCV take part where they are installed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

import samebytes as sb
from samebytes.plan.plan import draw_units

__all__ = ["main"]

COUNT, BATCH, SIZE, ROUNDS = 512, 64, 224, 5

EPOCHS = 4
"""Of a round, so that what is made once for a run (threads, blocks of memory) counts as in one."""

GOALS = {"PyTorch, uint8": 2.2, "OpenCV": 1.2}
"""How many times each peer's rate ours should be."""

Images = npt.NDArray[np.uint8]
Make = Callable[[], Iterable[npt.NDArray[np.float32]]]


def dataset(images: Images, *, antialias: bool) -> sb.Dataset:
    """Return the recipe as ours."""
    crop = sb.RandomResizedCrop(SIZE, SIZE, antialias=antialias)
    ds = sb.Dataset.from_tensor_slices(images).map(crop, seed=1)
    ds = ds.map(sb.RandomFlip("horizontal"), seed=2).map(sb.Rescaling(1 / 255))
    return ds.repeat(EPOCHS).batch(BATCH).with_options(threads=1)


def draws(ds: sb.Dataset) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the boxes and the flips that the recipe draws in all epochs."""
    crop, flip = ds.plan.components[0].steps[:2]
    epochs, indices = np.divmod(np.arange(EPOCHS * COUNT), COUNT)
    transform: Any = crop.transform
    boxes = transform.boxes(draw_units(crop, epochs, indices), 512, 512)
    return boxes, draw_units(flip, epochs, indices)[:, 1] < 0.5


def torchs(images: Images, ds: sb.Dataset, *, antialias: bool) -> Make:
    """Return the recipe by PyTorch's kernels for uint8, without torchvision's wrapping."""
    import torch
    from torch.nn.functional import interpolate

    torch.set_num_threads(1)
    boxes, flips = draws(ds)
    source = torch.from_numpy(images)

    # One block for all batches: fresh memory would cost more than a third of the time.
    out = torch.empty((BATCH, 3, SIZE, SIZE), memory_format=torch.channels_last)

    def make() -> Iterable[npt.NDArray[np.float32]]:
        for start in range(0, EPOCHS * COUNT, BATCH):
            for row in range(BATCH):
                top, left, height, width = boxes[start + row].tolist()
                part = source[(start + row) % COUNT, top : top + height, left : left + width]
                part = part.permute(2, 0, 1)[None]
                found = interpolate(part, (SIZE, SIZE), mode="bilinear", antialias=antialias)
                found = found.flip(3) if flips[start + row] else found
                torch.mul(found[0], 1 / 255, out=out[row])
            yield out.permute(0, 2, 3, 1).numpy()

    return make


def opencvs(images: Images, ds: sb.Dataset) -> Make:
    """Return the recipe by OpenCV, which has no antialias."""
    import cv2

    cv2.setNumThreads(1)
    boxes, flips = draws(ds)

    out = np.empty((BATCH, SIZE, SIZE, 3), np.float32)

    def make() -> Iterable[npt.NDArray[np.float32]]:
        for start in range(0, EPOCHS * COUNT, BATCH):
            for row in range(BATCH):
                top, left, height, width = boxes[start + row].tolist()
                part = images[(start + row) % COUNT, top : top + height, left : left + width]
                found = cv2.resize(part, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
                found = found[:, ::-1] if flips[start + row] else found
                np.multiply(found, np.float32(1 / 255), out=out[row], dtype=np.float32)
            yield out

    return make


def contenders(images: Images, *, antialias: bool) -> dict[str, Make]:
    """Return who can be timed here, ours first."""
    ds = dataset(images, antialias=antialias)

    def ours() -> Iterable[npt.NDArray[np.float32]]:
        with ds.iterate(0) as batches:
            yield from batches

    found: dict[str, Make] = {"samebytes": ours}
    if find_spec("torch"):
        found["PyTorch, uint8"] = torchs(images, ds, antialias=antialias)
    if find_spec("cv2") and not antialias:
        found["OpenCV"] = opencvs(images, ds)
    return found


def rates(makes: dict[str, Make]) -> dict[str, tuple[float, float]]:
    """Return images a second of each by wall clock and by processor time, timed in turn."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in makes}
    for _ in range(ROUNDS):
        for name, make in makes.items():
            began = time.perf_counter(), time.process_time()
            for batch in make():
                del batch
            ended = time.perf_counter(), time.process_time()
            taken[name].append((ended[0] - began[0], ended[1] - began[1]))
    return {
        name: (
            EPOCHS * COUNT / statistics.median(wall for wall, _ in rounds),
            EPOCHS * COUNT / statistics.median(cpu for _, cpu in rounds),
        )
        for name, rounds in taken.items()
    }


def main() -> int:
    """Print all rates, and return 1 if a goal was missed."""
    images = np.random.default_rng(0).integers(0, 256, (COUNT, 512, 512, 3), "uint8")
    missed = False
    for antialias in (True, False):
        print(f"antialias={antialias}")
        makes = contenders(images, antialias=antialias)
        first = {
            name: np.concatenate([batch.copy() for batch in islice(make(), 4)])
            for name, make in makes.items()
        }
        found = rates(makes)
        for name, (wall, cpu) in found.items():
            apart = 255 * np.abs(first[name] - first["samebytes"]).max()
            times = found["samebytes"][1] / cpu
            goal = GOALS.get(name) if antialias or name == "OpenCV" else None
            missed |= goal is not None and times < goal
            wanted = f", goal {goal}" if goal else ""
            print(
                f"  {name:15} {wall:7,.0f} images/s, {cpu:7,.0f} by processor time; ours is "
                f"{times:.2f} times that{wanted}; {apart:.2f} of 255 apart at most"
            )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
