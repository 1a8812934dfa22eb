"""Which granules of an object are there: a bit for each 4 KiB, and ranges rounded out to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["GRANULE_BYTES", "Bits", "Offsets", "bits_for", "mark", "missing_runs", "whole_granules"]

GRANULE_BYTES = 4096
"""The block of a file system, which a sparse file gives disk space to as a whole."""

Offsets = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint8]


def bits_for(nbytes: int) -> Bits:
    """Return bits for an object of so many bytes, none set."""
    granules = -(-nbytes // GRANULE_BYTES)
    return np.zeros(-(-granules // 8), np.uint8)


def whole_granules(start: int, stop: int, size: int) -> tuple[int, int]:
    """Return the granules that a range has whole: the first, and the one behind the last.

    The last granule of an object is whole where the object ends.

    Examples
    --------
    >>> whole_granules(1, 9000, 9000), whole_granules(0, 8200, 9000)
    ((1, 3), (0, 2))
    """
    first = -(-start // GRANULE_BYTES)
    behind = -(-stop // GRANULE_BYTES) if stop == size else stop // GRANULE_BYTES
    return first, max(first, behind)


def mark(bits: Bits, first: int, behind: int) -> None:
    """Set the bits of some granules."""
    low, high = first // 8, -(-behind // 8)
    there = np.unpackbits(bits[low:high], bitorder="little")
    there[first - 8 * low : behind - 8 * low] = 1
    bits[low:high] = np.packbits(there, bitorder="little")


def missing_runs(
    bits: Bits, starts: Offsets, stops: Offsets, size: int, gap: int
) -> tuple[Offsets, Offsets]:
    """Return what is to be fetched for some ranges, in bytes, rounded out to granules.

    Parameters
    ----------
    bits : ndarray of uint8
        Which granules are there.
    starts, stops : ndarray of int64
        The ranges, none empty.
    size : int
        Bytes of the object.
    gap : int
        What is missing at most so many bytes apart is fetched as one.

    Examples
    --------
    >>> bits = bits_for(40_000)
    >>> mark(bits, 1, 2)
    >>> ranges = np.array([10, 30_000]), np.array([9000, 40_000])
    >>> [each.tolist() for each in missing_runs(bits, *ranges, 40_000, 0)]
    [[0, 8192, 28672], [4096, 12288, 40000]]
    """
    firsts = starts // GRANULE_BYTES
    counts = (stops - 1) // GRANULE_BYTES + 1 - firsts
    before = np.cumsum(counts) - counts
    numbers = np.arange(int(counts.sum())) + np.repeat(firsts - before, counts)
    absent = numbers[(bits[numbers >> 3] >> (numbers & 7).astype(np.uint8)) & 1 == 0]
    if not len(absent):
        return absent, absent
    absent = np.unique(absent)
    breaks = np.flatnonzero(np.diff(absent) > 1 + gap // GRANULE_BYTES)
    lows = absent[np.concatenate([[0], breaks + 1])]
    highs = absent[np.concatenate([breaks, [len(absent) - 1]])] + 1
    return lows * GRANULE_BYTES, np.minimum(highs * GRANULE_BYTES, size)
