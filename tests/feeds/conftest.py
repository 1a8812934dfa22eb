"""What the feeds are tested with: small pictures whose values tell which they are."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import samebytes as sb

Pictures = tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]


@pytest.fixture
def pictures() -> Pictures:
    """103 pictures of 24x24x3, and their numbers."""
    images = np.random.default_rng(0).integers(0, 256, (103, 24, 24, 3), np.uint8)
    return images, np.arange(103)


@pytest.fixture
def dataset(pictures: Pictures) -> sb.Dataset:
    """Shuffled, cropped, scaled; in batches of 8, of which the last has 7."""
    return (
        sb.Dataset.from_tensor_slices(pictures)
        .shuffle(seed=3)
        .map(sb.RandomCrop(16, 16), seed=4)
        .map(sb.Rescaling(1 / 255))
        .batch(8)
    )


@pytest.fixture
def engine_threads() -> Callable[..., int]:
    """Return a function that waits until at most `count` engine threads of this test are alive.

    A fit that was interrupted leaves some, since TensorFlow keeps its dataset: those of other tests
    do not count here.
    """
    before = set(threading.enumerate())

    def alive_after(count: int = 0, seconds: float = 10.0) -> int:
        end = time.monotonic() + seconds
        while True:
            gc.collect()
            alive = set(threading.enumerate()) - before
            found = sum(t.name.startswith("samebytes") for t in alive)
            if found <= count or time.monotonic() > end:
                return found
            time.sleep(0.05)

    return alive_after


@pytest.fixture(scope="session")
def photograph_task() -> Pictures:
    """Tiles of four photographs, and of which each is: a real task, and a tiny one."""
    pytest.importorskip("skimage")
    from samebytes.demo.photographs import cut_tiles, read_photographs

    photographs = dict(list(read_photographs().items())[:4])
    tiles = np.zeros((64, 512, 512, 3), np.uint8)
    cut_tiles(photographs, tiles)
    return tiles[:, ::8, ::8], np.arange(64) % len(photographs)
