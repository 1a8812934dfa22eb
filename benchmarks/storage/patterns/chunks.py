"""Crops of images that are stored in compressed chunks, shuffled in blocks that are chunks."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

import samebytes as sb
from benchmarks.peers.jobs.job import require
from benchmarks.storage.patterns.images import CROP, IMAGE_BYTES, SIDE
from benchmarks.storage.patterns.pattern import Blocks, Pattern, check_shuffled, shuffled
from benchmarks.storage.patterns.pictures import picture

__all__ = ["CHUNK_IMAGES", "ChunkedCrops"]

CHUNK_IMAGES = 16


class ChunkedCrops(Pattern):
    """The middle of each image, with the image's number, which says what it has to be."""

    unit: ClassVar[str] = "crops"
    batch = 64
    sample_bytes = IMAGE_BYTES
    """All of the image: chunks are decoded as a whole."""

    # A quarter of the memory is for decoded chunks: those of this window, and of the next.
    blocks = Blocks(CHUNK_IMAGES, CHUNK_IMAGES * IMAGE_BYTES, share=16)

    def dataset(self, source: str, memory_bytes: int) -> sb.Dataset:
        """Return what feeds it, with this library."""
        return self.beginning(source, memory_bytes, None)

    def beginning(self, source: str, memory_bytes: int, windows: int | None) -> sb.Dataset:
        """Return what feeds the first windows of blocks, or all."""
        images: Any = sb.open(source)
        both = sb.Dataset.from_tensor_slices((images, np.arange(len(images))))
        order = shuffled(both, self.blocks, memory_bytes)
        if windows is not None:
            order = order.take(windows * self.blocks.window(memory_bytes) * CHUNK_IMAGES)
        return order.map(sb.CenterCrop(CROP, CROP), on=0).batch(self.batch)

    def size(self, batch: Any) -> int:
        """Return how many samples a batch has."""
        return len(batch[0])

    def check(self, batches: list[Any], source: str) -> None:  # noqa: ARG002
        """Look at the first batches of an epoch."""
        edge = (SIDE - CROP) // 2
        middle = slice(edge, edge + CROP)
        for crops, numbers in batches:
            for crop, number in zip(crops, numbers, strict=True):
                right = np.array_equal(crop, picture(int(number))[middle, middle])
                require(right, f"wrong bytes in the crop of image {number}")
        check_shuffled([int(number) for _, numbers in batches for number in numbers])

    def check_decoded_once(self, source: str, memory_bytes: int) -> None:
        """Refuse a window of blocks of which a chunk is decoded more than once."""
        batches = self.beginning(source, memory_bytes, 1).iterate()
        count = sum(len(numbers) for _, numbers in batches)
        asked = batches.stats().bytes_asked
        require(
            asked == count * IMAGE_BYTES,
            f"expected {count * IMAGE_BYTES:,} bytes to be decoded for a window, got {asked:,}",
        )
