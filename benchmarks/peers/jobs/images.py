"""Random crops of images, scaled to [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from benchmarks.peers.jobs.job import Job, Places, WrongBatchError, require

__all__ = ["Images"]

# Numbers are made so many images at a time, to hold little memory.
_WRITTEN_AT_ONCE = 16


@dataclass(frozen=True)
class Images(Job):
    """Random crops of a mapped file of uint8 images, shuffled, as float32 in [0, 1].

    Attributes
    ----------
    count, size, crop, batch : int
        Images, pixels along a side of them, pixels along a side of a crop, crops in a batch.
    """

    count: int = 1000
    size: int = 512
    crop: int = 256
    batch: int = 32

    key: ClassVar[str] = "images"
    unit: ClassVar[str] = "images"

    @property
    def title(self) -> str:
        """Return one sentence for people."""
        return (
            f"Random {self.crop}x{self.crop} crops of {self.count:,} uint8 images of "
            f"{self.size}x{self.size}x3 in a mapped file, shuffled, to float32 / 255, "
            f"batch {self.batch}"
        )

    @property
    def item_bytes(self) -> int:
        """Return the bytes of a finished crop."""
        return self.crop * self.crop * 3 * 4

    @property
    def batch_items(self) -> int:
        """Return how many crops a batch holds."""
        return self.batch

    @property
    def source_bytes(self) -> int:
        """Return the bytes of all images."""
        return self.count * self.size * self.size * 3

    def path(self, folder: Path) -> Path:
        """Return where the images lie."""
        return folder / "images.npy"

    def images(self, folder: Path) -> npt.NDArray[Any]:
        """Return the images, mapped, as anyone would without this library."""
        return np.asarray(np.load(self.path(folder), mmap_mode="r"))

    def write(self, folder: Path) -> None:
        """Write images whose pixels tell where they are: row, column, and noise of the image."""
        shape = (self.count, self.size, self.size, 3)
        file = np.lib.format.open_memmap(self.path(folder), "w+", np.uint8, shape)
        numbers = np.random.default_rng(0)
        shrunk = (np.arange(self.size) * 256 // self.size).astype(np.uint8)
        for first in range(0, self.count, _WRITTEN_AT_ONCE):
            few = file[first : first + _WRITTEN_AT_ONCE]
            few[..., 0] = shrunk[:, np.newaxis]
            few[..., 1] = shrunk
            few[..., 2] = numbers.integers(0, 256, few.shape[:3], np.uint8)
        file.flush()

    def items(self, batch: Any) -> int:
        """Return how many crops `batch` holds."""
        return int(batch.shape[0])

    def places(self, batch: Any, folder: Path) -> Places:
        """Return image, row and column of each crop as one number."""
        crops, images = np.asarray(batch), self.images(folder)
        expected = (self.batch, self.crop, self.crop, 3)
        require(crops.shape == expected, f"expected the shape {expected}, got {crops.shape}")
        require(crops.dtype == np.float32, f"expected float32, got {crops.dtype}")
        least, most = float(crops.min()), float(crops.max())
        require(least >= 0 and most <= 1, f"expected values in [0, 1], got {least} to {most}")
        return np.array([self._place(crop, images) for crop in crops], np.int64)

    def _place(self, crop: npt.NDArray[Any], images: npt.NDArray[Any]) -> int:
        pixels = np.rint(crop * 255).astype(np.uint8)
        require(np.abs(pixels / 255 - crop).max() < 1e-5, "expected whole pixels / 255")
        room = np.arange(self.size - self.crop + 1)
        shrunk = room * 256 // self.size
        tops = room[shrunk == pixels[0, 0, 0]]
        lefts = room[shrunk == pixels[0, 0, 1]]
        for top in tops:
            for left in lefts:
                there = np.index_exp[:, top, left : left + self.crop, 2]
                for number in np.flatnonzero((images[there] == pixels[0, :, 2]).all(1)):
                    crop = images[number, top : top + self.crop, left : left + self.crop]
                    if np.array_equal(crop, pixels):
                        return int((number * self.size + top) * self.size + left)
        message = "a crop that is in none of the images"
        raise WrongBatchError(message)
