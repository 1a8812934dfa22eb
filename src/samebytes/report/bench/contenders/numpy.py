"""Plain NumPy: what a careful user writes without any framework, nanoGPT's sampler among it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from samebytes.report.bench.contender import Contender
from samebytes.report.bench.jobs.images import Images
from samebytes.report.bench.jobs.tokens import Tokens
from samebytes.report.bench.jobs.windows import Windows

__all__ = ["CONTENDERS", "crops", "shuffled"]

Array = npt.NDArray[Any]


def shuffled(count: int, batch: int, numbers: np.random.Generator) -> Iterator[Array]:
    """Give the numbers below `count` in batches, in another order each epoch, for ever."""
    while True:
        order = numbers.permutation(count)
        for first in range(0, count - batch + 1, batch):
            yield order[first : first + batch]


def crops(images: Array, chosen: Array, size: int, numbers: np.random.Generator) -> Array:
    """Give random crops of the `chosen` images, each scaled as it is written to its place."""
    room = np.array(images.shape[1:3]) - size + 1
    batch = np.empty((len(chosen), size, size, images.shape[3]), np.float32)
    corners = numbers.integers(room, size=(len(chosen), 2))
    for place, number, (top, left) in zip(batch, chosen, corners, strict=True):
        piece = images[number, top : top + size, left : left + size]
        np.multiply(piece, np.float32(1 / 255), out=place)
    return batch


def _images(job: Images, folder: Path) -> Iterator[Array]:
    images, numbers = job.images(folder), np.random.default_rng()
    for chosen in shuffled(job.count, job.batch, numbers):
        yield crops(images, chosen, job.crop, numbers)


def _windows(job: Windows, folder: Path) -> Iterator[tuple[Array, Array]]:
    series = job.series(folder)
    windows = sliding_window_view(series, job.length, 0).transpose(0, 2, 1)
    for starts in shuffled(job.count, job.batch, np.random.default_rng()):
        yield np.ascontiguousarray(windows[starts]), series[starts + job.length, 0]


def _get_batch(job: Tokens, folder: Path) -> Iterator[tuple[Array, Array]]:
    while True:
        # nanoGPT maps the file for every batch, against a leak of memory.
        tokens = job.tokens(folder)
        starts = np.random.randint(job.count - job.context, size=job.sequences)  # noqa: NPY002
        length = job.context
        x = np.stack([tokens[i : i + length].astype(np.int64) for i in starts])
        y = np.stack([tokens[i + 1 : i + 1 + length].astype(np.int64) for i in starts])
        yield x, y


def _tokens(job: Tokens, folder: Path) -> Iterator[tuple[Array, Array]]:
    contexts = sliding_window_view(np.asarray(job.tokens(folder)), job.context + 1)
    numbers = np.random.default_rng()
    while True:
        both = contexts[numbers.integers(len(contexts), size=job.sequences)]
        yield both[:, :-1].astype(np.int64), both[:, 1:].astype(np.int64)


CONTENDERS = (
    Contender(
        "images",
        "numpy",
        "NumPy loop",
        "each crop scaled as it is written into the batch (multiply with out=)",
        _images,
    ),
    Contender(
        "windows", "numpy", "NumPy", "sliding_window_view, indexed by a batch of starts", _windows
    ),
    Contender(
        "tokens",
        "nanogpt",
        "nanoGPT's get_batch",
        "its code, but for the copy into a tensor, which is left out in its favour",
        _get_batch,
    ),
    Contender(
        "tokens", "numpy", "NumPy", "sliding_window_view, indexed by a batch of starts", _tokens
    ),
)
