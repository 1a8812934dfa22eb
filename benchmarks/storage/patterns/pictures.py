"""Images that compress to half: smooth, with noise in places; each is known by its number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.storage.patterns.images import SIDE

__all__ = ["picture", "pictures"]

STEP, NOISE, NOISY = 16, 4, 0.5
"""Steps of the smooth part, values of the noise, and share of the bytes that have any. Noise in all
bytes, as of a camera, would leave nothing for gzip or zstd to do; so much is stored as half."""


def picture(number: int) -> npt.NDArray[np.uint8]:
    """Return an image of 512x512x3."""
    numbers = np.random.default_rng(number)
    phases, slopes = numbers.uniform(0, 6.3, (2, 3)), numbers.uniform(0.004, 0.03, (2, 3))
    places = np.arange(SIDE)[:, np.newaxis]
    rows, columns = (
        (60 * np.sin(phases[axis] + slopes[axis] * places)).astype(np.int16) for axis in (0, 1)
    )
    values = (rows[:, np.newaxis] + columns + 124) // STEP * STEP
    found: npt.NDArray[np.uint8] = values.astype(np.uint8)
    places = numbers.integers(0, found.size, round(found.size * NOISY))
    found.reshape(-1)[places] += numbers.integers(0, NOISE, len(places), np.uint8)
    return found


def pictures(first: int, count: int) -> npt.NDArray[np.uint8]:
    """Return some images that follow each other."""
    return np.stack([picture(number) for number in range(first, first + count)])
