"""The arrays that the ways are given: images of known values, in memory of every kind."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import samebytes as sb

__all__ = ["CROP", "IMAGE_BYTES", "IMAGE_SHAPE", "aligned", "mapped", "ordinary", "read_only"]

Images = npt.NDArray[np.uint8]

IMAGE_SHAPE = (512, 512, 3)
IMAGE_BYTES = 512 * 512 * 3
CROP = np.s_[:, 128:384, 128:384]
"""The center crop of the article that this project grew from."""

_TENSOR_ALIGNMENT = 64
# Where malloc puts the first byte of a large block: past its own header.
_MALLOC_HEADER = 16


def _fill(images: npt.NDArray[Any]) -> None:
    """Write every byte: values that differ from image to image, at the speed of memory."""
    picture = np.random.default_rng(0).integers(0, 256, IMAGE_SHAPE, np.uint8)
    for index, image in enumerate(images):
        np.add(picture, np.uint8(index % 251), out=image)


def ordinary(count: int) -> Images:
    """Return images as ``np.empty`` gives memory: 16 bytes past what TensorFlow can share."""
    shape = (count, *IMAGE_SHAPE)
    images: Images = np.empty(shape, np.uint8)
    if images.ctypes.data % _TENSOR_ALIGNMENT != _MALLOC_HEADER:
        # Luck: small blocks lie at any multiple of 16.
        block = np.empty(images.nbytes + _TENSOR_ALIGNMENT, np.uint8)
        start = (_MALLOC_HEADER - block.ctypes.data) % _TENSOR_ALIGNMENT
        images = block[start : start + images.nbytes].reshape(shape)
    _fill(images)
    return images


def read_only(count: int) -> Images:
    """Return ordinary images that may not be written."""
    images = ordinary(count)
    images.flags.writeable = False
    return images


def aligned(count: int) -> sb.Array:
    """Return images made with samebytes."""
    images = sb.empty((count, *IMAGE_SHAPE), np.uint8)
    _fill(images)
    return images


def mapped(count: int) -> sb.Array:
    """Return images in a read-only mapped ``.npy`` file, every page of it resident."""
    with tempfile.TemporaryDirectory(prefix="samebytes-") as folder:
        path = Path(folder, "images.npy")
        writer = np.lib.format.open_memmap(path, "w+", np.uint8, (count, *IMAGE_SHAPE))
        _fill(writer)
        del writer
        images: sb.Array = sb.open(path)
    # The name is gone, the mapped bytes stay until the array dies: nothing is left behind.
    images.reshape(-1)[::4096].max()
    return images
