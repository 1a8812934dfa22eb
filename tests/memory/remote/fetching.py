"""A process that fetches rows into a cache until it is killed; a test runs it.

Takes the URL, the folder, and a seed; writes a dot for each batch of rows that it has checked.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

import samebytes as sb
from samebytes.memory.remote import range_cache

ROWS_AT_A_TIME = 16


def expected(shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return the values of the array that is served."""
    return np.random.default_rng(0).integers(0, 255, shape, np.uint8)


def main(url: str, folder: str, seed: int) -> None:
    range_cache.FLUSH_SECONDS = 0.05
    array = sb.open(url, cache=folder)
    values = expected(array.shape)
    order = np.random.default_rng(seed).permutation(len(array))
    for low in range(0, len(order), ROWS_AT_A_TIME):
        rows = order[low : low + ROWS_AT_A_TIME]
        if not (array[rows] == values[rows]).all():
            sys.exit(f"wrong bytes in {rows}")
        sys.stdout.write(".")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
