"""What is fed from the file, and the ranges that a batch of it needs: for us and for bare reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import samebytes as sb

__all__ = ["IMAGE_BYTES", "JOBS", "Job"]

Offsets = npt.NDArray[np.int64]
BATCH_BYTES = 12 << 20


@dataclass(frozen=True)
class Job:
    """One way of feeding from the file.

    Attributes
    ----------
    name : str
        For people.
    dataset : callable
        Makes the dataset over the file.
    sample_bytes : int
        What a sample reads: one range.
    offsets : callable
        Gives where these ranges begin, batch by batch, for a file of so many bytes.
    bound : float
        Share of the bare reads' rate that is to be reached.
    """

    name: str
    dataset: Callable[[Path], sb.Dataset]
    sample_bytes: int
    offsets: Callable[[int], Iterator[Offsets]]
    bound: float


SIDE, CROP, ROW = 512, 256, 512 * 3
IMAGE_BYTES = SIDE * ROW


def _images(path: Path) -> sb.Dataset:
    images = sb.open(path, "uint8", (-1, SIDE, SIDE, 3))
    return sb.Dataset.from_tensor_slices(images).shuffle(seed=1).map(sb.RandomCrop(CROP, CROP))


def _crops(nbytes: int) -> Iterator[Offsets]:
    numbers = np.random.default_rng(1)
    order = numbers.permutation(nbytes // IMAGE_BYTES)
    tops = numbers.integers(0, SIDE - CROP + 1, len(order))
    yield from np.array_split(order * IMAGE_BYTES + tops * ROW, max(1, len(order) // 64))


def _in_order(path: Path) -> sb.Dataset:
    return sb.Dataset.from_tensor_slices(sb.open(path, "uint8", (-1, SIDE, SIDE, 3)))


def _whole(nbytes: int) -> Iterator[Offsets]:
    order = np.arange(nbytes // IMAGE_BYTES) * IMAGE_BYTES
    yield from np.array_split(order, max(1, len(order) // 16))


def _windows(path: Path) -> sb.Dataset:
    series = sb.open(path, "float32", (-1, 16))
    return sb.Dataset.from_tensor_slices(series).window(168).shuffle(seed=1)


def _tokens(path: Path) -> sb.Dataset:
    return sb.Dataset.from_tensor_slices(sb.open(path, "uint16")).window(1024).shuffle(seed=1)


def _anywhere(sample_bytes: int, item: int) -> Callable[[int], Iterator[Offsets]]:
    def offsets(nbytes: int) -> Iterator[Offsets]:
        numbers = np.random.default_rng(1)
        while True:
            yield numbers.integers(0, (nbytes - sample_bytes) // item, 1024) * item

    return offsets


JOBS = {
    "crops": Job(
        "256x256 crops of 512x512x3, shuffled",
        lambda path: _images(path).batch(64),
        CROP * ROW,
        _crops,
        0.8,
    ),
    "in order": Job(
        "512x512x3 in the order of the file",
        lambda path: _in_order(path).batch(16),
        IMAGE_BYTES,
        _whole,
        0.85,
    ),
    "windows": Job(
        "windows of 168x16 float32, shuffled",
        lambda path: _windows(path).batch(1024),
        168 * 64,
        _anywhere(168 * 64, 64),
        0.8,
    ),
    "tokens": Job(
        "1024 tokens of 2 bytes, 64 in a batch, shuffled",
        lambda path: _tokens(path).batch(64),
        2048,
        _anywhere(2048, 2),
        0.8,
    ),
}
