"""Training with Keras' ``fit``, where the input is what takes the time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from benchmarks.peers.jobs.job import Job, Places, require

__all__ = ["Fit"]

_CLASSES = 10


@dataclass(frozen=True)
class Fit(Job):
    """``fit`` of a tiny model on uint8 images that it wants as float32 in [0, 1], shuffled.

    Attributes
    ----------
    count, size, batch, epochs : int
        Images, pixels along a side, images in a batch, epochs of a ``fit``.
    """

    count: int = 8192
    size: int = 64
    batch: int = 128
    epochs: int = 2

    key: ClassVar[str] = "fit"
    unit: ClassVar[str] = "images"

    @property
    def title(self) -> str:
        """Return one sentence for people."""
        return (
            f"model.fit of a tiny Keras model on {self.count:,} uint8 images of "
            f"{self.size}x{self.size}x3 as float32 / 255, {self.epochs} epochs, batch "
            f"{self.batch}, all preparation included"
        )

    @property
    def item_bytes(self) -> int:
        """Return the bytes of a finished image and its label."""
        return self.size * self.size * 3 * 4 + 8

    @property
    def batch_items(self) -> int:
        """Return how many images a batch holds."""
        return self.batch

    @property
    def source_bytes(self) -> int:
        """Return the bytes of images and labels."""
        return self.count * (self.size * self.size * 3 + 8)

    def path(self, folder: Path) -> Path:
        """Return where the images lie."""
        return folder / "images.npy"

    def images(self, folder: Path) -> npt.NDArray[Any]:
        """Return the images, mapped, as anyone would without this library."""
        return np.asarray(np.load(self.path(folder), mmap_mode="r"))

    def labels(self, folder: Path) -> npt.NDArray[Any]:
        """Return the labels."""
        return np.asarray(np.load(folder / "labels.npy"))

    def write(self, folder: Path) -> None:
        """Write noise, but for a first pixel that tells the number of the image."""
        shape = (self.count, self.size, self.size, 3)
        images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        numbers = np.arange(self.count)
        images[:, 0, 0] = np.stack([numbers % 256, numbers // 256, numbers % _CLASSES], 1)
        np.save(self.path(folder), images)
        np.save(folder / "labels.npy", numbers % _CLASSES)

    def items(self, batch: Any) -> int:
        """Return how many images `batch` holds."""
        return int(batch[1].shape[0])

    def places(self, batch: Any, folder: Path) -> Places:
        """Return the number of each image."""
        images, labels = map(np.asarray, batch)
        expected = (self.batch, self.size, self.size, 3)
        require(images.shape == expected, f"expected the shape {expected}, got {images.shape}")
        require(images.dtype == np.float32, f"expected float32, got {images.dtype}")
        first = np.rint(images[:, 0, 0].astype(np.float64) * 255).astype(np.int64)
        numbers = first[:, 0] + 256 * first[:, 1]
        inside = (numbers >= 0) & (numbers < self.count)
        require(inside.all(), "an image that is none of the data")
        apart = np.abs(self.images(folder)[numbers] / 255 - images).max()
        require(apart < 1e-5, f"an image whose pixels are off by up to {apart:.2g}")
        right = np.array_equal(labels.ravel(), self.labels(folder)[numbers])
        require(right, "labels that belong to other images")
        return numbers
