"""Normal numbers for each value of an image, owned by a key and the place in the image.

As `samebytes.plan.rng` they are hashes of their address, so any line is reached at once, by any
thread, and a crop of noise is the noise of the crop. One call of Philox gives eight numbers: 13
bits of each half of its four words choose among 8,192 equally likely quantiles, within 4 standard
deviations.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from samebytes.plan.affine import Floats
from samebytes.plan.rng import HALF, LOW, philox

__all__ = ["NOISE_STREAM", "PER_BLOCK", "QUANTILES", "keys_of", "noise", "quantiles"]

QUANTILES = 4096
"""Of one side; a bit more says which side."""

PER_BLOCK = 8
"""Numbers that one call of Philox gives."""

NOISE_STREAM = np.uint64(0x6E6F6973)
"""The last word of the counter, which tells noise from all else."""

KEYS = float(1 << 53)
"""How many keys there are: a draw in [0, 1) times this is one."""


@lru_cache(maxsize=1)
def quantiles() -> Floats:
    """Return the middle of each 4,096th of the upper half of a normal distribution.

    Examples
    --------
    >>> upper = quantiles()
    >>> round(float((upper**2).mean()), 9), round(float(upper.max()), 2)
    (1.0, 3.84)
    """
    normal = NormalDist()
    shares = (0.5 + (place + 0.5) / (2 * QUANTILES) for place in range(QUANTILES))
    found = np.array([normal.inv_cdf(share) for share in shares])
    even: Floats = found / np.sqrt((found**2).mean())
    return even


def noise(key: int, height: int, width: int, channels: int) -> Floats:
    """Return normal numbers of mean 0 and variance 1, of shape (height, width, channels)."""
    items = width * channels
    blocks = np.arange(-(-items // PER_BLOCK), dtype=np.uint64)
    rows = np.arange(height, dtype=np.uint64)[:, np.newaxis]
    zeros = np.zeros((height, len(blocks)), np.uint64)
    words = philox(
        zeros + blocks,
        zeros + rows,
        zeros,
        zeros + NOISE_STREAM,
        np.uint64(key) & LOW,
        np.uint64(key) >> HALF,
    )
    halves = [part for word in words for part in (word & np.uint64(0xFFFF), word >> np.uint64(16))]
    bits = np.stack(halves, axis=-1).reshape(height, -1)[:, :items].astype(np.int64)
    found: Floats = np.where(bits >= 1 << 15, -1.0, 1.0) * quantiles()[bits & (QUANTILES - 1)]
    return found.reshape(height, width, channels)


def keys_of(units: Floats) -> npt.NDArray[np.int64]:
    """Return the keys that draws in [0, 1) stand for."""
    found: npt.NDArray[np.int64] = (units * KEYS).astype(np.int64)
    return found
