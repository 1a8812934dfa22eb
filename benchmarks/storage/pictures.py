"""Images that compress as photographs do: smooth, with noise; each is known by its number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.storage.patterns.images import SIDE

__all__ = ["picture", "pictures"]

NOISE = 8
"""Values of the noise: three bits of eight, about what a camera leaves."""


def picture(number: int) -> npt.NDArray[np.uint8]:
    """Return an image of 512x512x3."""
    numbers = np.random.default_rng(number)
    phases, slopes = numbers.uniform(0, 6.3, (2, 3)), numbers.uniform(0.004, 0.03, (2, 3))
    places = np.arange(SIDE)[:, np.newaxis]
    rows, columns = (
        (60 * np.sin(phases[axis] + slopes[axis] * places)).astype(np.int16) for axis in (0, 1)
    )
    smooth = (rows[:, np.newaxis] + columns + 124).astype(np.uint8)
    found: npt.NDArray[np.uint8] = smooth + numbers.integers(0, NOISE, smooth.shape, np.uint8)
    return found


def pictures(first: int, count: int) -> npt.NDArray[np.uint8]:
    """Return some images that follow each other."""
    return np.stack([picture(number) for number in range(first, first + count)])
