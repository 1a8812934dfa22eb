"""Images of 512x512x3 bytes: random crops of them, shuffled, or all of them in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

import samebytes as sb
from benchmarks.peers.jobs.job import require
from benchmarks.storage.content import bytes_at, offset_of
from benchmarks.storage.patterns.pattern import Array, ArrayPattern, Blocks, Offsets, shuffled

__all__ = ["CROP", "IMAGE_BYTES", "ROW_BYTES", "SIDE", "Crops", "InOrder"]

SIDE, CROP = 512, 256
ROW_BYTES = SIDE * 3
IMAGE_BYTES = SIDE * ROW_BYTES
ROOM = SIDE - CROP + 1


class Crops(ArrayPattern):
    """Random crops of shuffled images.

    Parameters
    ----------
    blocks : Blocks, optional
        Neighbours that stay together in the shuffle.
    """

    unit: ClassVar[str] = "crops"
    batch = 64
    sample_bytes = CROP * ROW_BYTES
    shape = (CROP, CROP, 3)
    dtype = "uint8"
    row = (SIDE, SIDE, 3)

    def __init__(self, blocks: Blocks | None = None) -> None:
        self.blocks = blocks

    def dataset(self, source: str, memory_bytes: int) -> sb.Dataset:
        """Return what feeds it, with this library."""
        opened = sb.open(source) if "://" in source else self.open(source)
        return self.cropped(opened, memory_bytes)

    def cropped(self, images: Any, memory_bytes: int) -> sb.Dataset:
        """Return what feeds crops of images that are open."""
        order = shuffled(sb.Dataset.from_tensor_slices(images), self.blocks, memory_bytes)
        return order.map(sb.RandomCrop(CROP, CROP), seed=1).batch(self.batch)

    def count(self, rows: int) -> int:
        """Return how many images there are."""
        return rows

    def sample(self, array: Array, number: int) -> Array:
        """Return a crop of an image: where, its number decides, as nobody's time is to be lost."""
        top, left = number * 7919 % ROOM, number * 104729 % ROOM
        crop: Array = array[number, top : top + CROP, left : left + CROP]
        return crop

    def offsets(self, nbytes: int) -> Iterator[Offsets]:
        """Yield where the rows of crops begin: 256 whole ones, which lie end to end."""
        numbers = np.random.default_rng(1)
        while True:
            order = numbers.permutation(nbytes // IMAGE_BYTES)
            tops = numbers.integers(0, ROOM, len(order))
            starts = order * IMAGE_BYTES + tops * ROW_BYTES
            yield from np.array_split(starts, max(1, len(order) // self.batch))

    def place(self, sample: npt.NDArray[Any], nbytes: int) -> int:
        """Return where the first byte of a crop is from."""
        require(sample.shape == self.shape, f"expected the shape {self.shape}, got {sample.shape}")
        rows = np.ascontiguousarray(sample).reshape(CROP, -1)
        place = offset_of(rows[0], nbytes)
        expected = bytes_at(place + np.arange(CROP) * ROW_BYTES, rows.shape[1])
        require(np.array_equal(rows, expected), f"wrong bytes in the crop at byte {place:,}")
        return place


class InOrder(ArrayPattern):
    """Whole images in the order of the file."""

    unit: ClassVar[str] = "images"
    batch = 16
    sample_bytes = IMAGE_BYTES
    shape = row = (SIDE, SIDE, 3)
    dtype = "uint8"

    def dataset(self, source: str, memory_bytes: int) -> sb.Dataset:  # noqa: ARG002
        """Return what feeds it, with this library."""
        return sb.Dataset.from_tensor_slices(self.open(source)).batch(self.batch)

    def count(self, rows: int) -> int:
        """Return how many images there are."""
        return rows

    def sample(self, array: Array, number: int) -> Array:
        """Return an image."""
        image: Array = array[number]
        return image

    def offsets(self, nbytes: int) -> Iterator[Offsets]:
        """Yield where images begin."""
        order = np.arange(nbytes // IMAGE_BYTES) * IMAGE_BYTES
        while True:
            yield from np.array_split(order, max(1, len(order) // self.batch))

    def order(self, count: int) -> Iterator[int]:
        """Yield the numbers of images."""
        while True:
            yield from range(count)

    def check_order(self, places: list[int]) -> None:
        """Refuse images that do not follow each other."""
        expected = [number * IMAGE_BYTES for number in range(len(places))]
        require(places == expected, "expected the images in the order of the file")
