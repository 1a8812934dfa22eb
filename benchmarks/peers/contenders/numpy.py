"""Plain NumPy: what a careful user writes without any framework, nanoGPT's sampler among it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.peers.contender import Contender
from benchmarks.peers.jobs.images import Images
from benchmarks.peers.jobs.tokens import Tokens
from benchmarks.peers.jobs.windows import Windows

__all__ = ["CONTENDERS", "contexts_of", "crops_of", "shuffled", "starts", "windows_of"]

Array = npt.NDArray[Any]


def shuffled(count: int, batch: int) -> Iterator[Array]:
    """Yield the numbers below `count` in batches, in another order each epoch, for ever."""
    numbers = np.random.default_rng()
    while True:
        order = numbers.permutation(count)
        for first in range(0, count - batch + 1, batch):
            yield order[first : first + batch]


def starts(job: Tokens) -> Iterator[Array]:
    """Yield where the contexts of a batch begin, drawn with replacement, for ever."""
    numbers = np.random.default_rng()
    while True:
        yield numbers.integers(job.count - job.context, size=job.sequences)


def crops_of(job: Images, folder: Path) -> Callable[[Array], Array]:
    """Return what makes a batch of the images that it is told, each scaled as it is written."""
    images, numbers = job.images(folder), np.random.default_rng()
    room, shape = job.size - job.crop + 1, (job.crop, job.crop, 3)

    def crops(chosen: Array) -> Array:
        batch = np.empty((len(chosen), *shape), np.float32)
        corners = numbers.integers(room, size=(len(chosen), 2))
        for place, number, (top, left) in zip(batch, chosen, corners, strict=True):
            piece = images[number, top : top + job.crop, left : left + job.crop]
            np.multiply(piece, np.float32(1 / 255), out=place)
        return batch

    return crops


def windows_of(job: Windows, folder: Path) -> Callable[[Array], tuple[Array, Array]]:
    """Return what makes a batch of the windows that begin where it is told, and their targets."""
    series = job.series(folder)
    windows = sliding_window_view(series, job.length, 0).transpose(0, 2, 1)
    return lambda begins: (windows[begins], series[begins + job.length, 0])


def contexts_of(job: Tokens, folder: Path) -> Callable[[Array], tuple[Array, Array]]:
    """Return what makes a batch of the contexts that begin where it is told."""
    contexts = sliding_window_view(np.asarray(job.tokens(folder)), job.context + 1)

    def both(begins: Array) -> tuple[Array, Array]:
        chosen = contexts[begins]
        return chosen[:, :-1].astype(np.int64), chosen[:, 1:].astype(np.int64)

    return both


def _images(job: Images, folder: Path) -> Iterator[Array]:
    return map(crops_of(job, folder), shuffled(job.count, job.batch))


def _windows(job: Windows, folder: Path) -> Iterator[tuple[Array, Array]]:
    return map(windows_of(job, folder), shuffled(job.count, job.batch))


def _tokens(job: Tokens, folder: Path) -> Iterator[tuple[Array, Array]]:
    return map(contexts_of(job, folder), starts(job))


def _get_batch(job: Tokens, folder: Path) -> Iterator[tuple[Array, Array]]:
    while True:
        # nanoGPT maps the file for every batch, against a leak of memory.
        tokens = job.tokens(folder)
        starts = np.random.randint(job.count - job.context, size=job.sequences)  # noqa: NPY002
        length = job.context
        x = np.stack([tokens[i : i + length].astype(np.int64) for i in starts])
        y = np.stack([tokens[i + 1 : i + 1 + length].astype(np.int64) for i in starts])
        yield x, y


CONTENDERS = (
    Contender(
        "images",
        "numpy",
        "NumPy loop",
        "each crop scaled as it is written into the batch (multiply with out=); one thread",
        _images,
    ),
    Contender(
        "windows",
        "numpy",
        "NumPy",
        "sliding_window_view, indexed by a batch of starts; measured against index arrays, "
        "take and a loop",
        _windows,
    ),
    Contender(
        "tokens",
        "nanogpt",
        "nanoGPT's get_batch",
        "its own code, without the copy into a tensor, which is to its advantage",
        _get_batch,
    ),
    Contender(
        "tokens",
        "numpy",
        "NumPy",
        "sliding_window_view, indexed by a batch of starts; measured against a loop",
        _tokens,
    ),
)
