"""Which bytes a batch reads: exact ranges of addresses, worked out before anything is touched.

A sample is a box of rows, columns and channels at strides of its own. Axes whose items lie closer
than a page are read as one stretch; the others are enumerated, so that a crop of an image whose
channels come first is three ranges, and a crop of one whose channels come last is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from samebytes.memory.aligned import PAGE_BYTES

if TYPE_CHECKING:
    from samebytes.engine.kernels.job import Job

__all__ = ["ByteRanges", "coalesce", "ranges_of", "whole_ranges_of"]

Indices = npt.NDArray[np.int64]

MOST_PARTS = 4096
"""Ranges a sample is divided into at most; beyond that the gaps are read as well."""


@dataclass(frozen=True)
class ByteRanges:
    """Ranges of addresses, in the order of the samples.

    Attributes
    ----------
    starts, stops : ndarray of int64, shape (samples, parts)
        Of each sample, each of its parts; an empty part has its start for its stop.
    """

    starts: Indices
    stops: Indices


def whole_ranges_of(job: Job) -> ByteRanges:
    """Return which bytes a job reads, gaps included: one range for each of its samples."""
    return ranges_of(job, most_parts=0)


def ranges_of(job: Job, most_parts: int = MOST_PARTS, near: int = PAGE_BYTES) -> ByteRanges:
    """Return which bytes a job reads, with a row for each of its samples.

    Parameters
    ----------
    job : Job
        What reads.
    most_parts : int
        Ranges a sample is divided into at most.
    near : int
        Bytes that two items may lie apart and still be read as one stretch, gap included.

    Examples
    --------
    >>> from samebytes.engine.kernels.job import prepare
    >>> images = np.zeros((10, 64, 64, 3), np.uint8)
    >>> out = np.empty((1, 2, 8, 3), np.uint8)
    >>> crop = np.array([[5, 1, 10, 1]])
    >>> found = ranges_of(prepare(images, np.array([3]), crop, out))
    >>> begin = images[3, 5, 10].ctypes.data
    >>> (found.starts - begin).tolist(), (found.stops - begin).tolist()
    ([[0]], [[216]])
    """
    table = job.source_table
    steps = [int(step) for step in table[6:9]]
    _, height, width, channels = job.out.shape
    item = job.source.itemsize
    rows, columns = _extent(job.geometry, 0, height), _extent(job.geometry, 2, width)
    if job.spans is not None:
        rows, columns = _within(rows, job.spans[:, 0:2]), _within(columns, job.spans[:, 2:4])
    firsts = rows[0], columns[0], np.zeros(1, np.int64)
    counts = rows[1], columns[1], np.full(1, channels, np.int64)
    most = height, width, channels
    starts = table[0] + job.places
    for first, step in zip(firsts, steps, strict=True):
        starts = starts + first * step
    starts = starts[:, np.newaxis]
    there = ((counts[0] > 0) & (counts[1] > 0))[:, np.newaxis]
    lengths = np.full((1, 1), item)
    reach = item  # the longest that a part can be
    for axis in sorted(range(3), key=lambda axis: abs(steps[axis])):
        step, count = steps[axis], counts[axis][:, np.newaxis]
        parts = starts.shape[1] * most[axis]
        if abs(step) <= reach + near or parts > most_parts:
            starts = starts + np.minimum(step, 0) * (count - 1)
            lengths = lengths + (count - 1) * abs(step)
            reach += (most[axis] - 1) * abs(step)
        elif most[axis] > 1:
            places = np.arange(most[axis])
            starts = (starts[:, :, np.newaxis] + places * step).reshape(len(starts), parts)
            inside = there[:, :, np.newaxis] & (places < count[:, np.newaxis])
            there = inside.reshape(len(inside), -1)
    lengths = np.where(there, lengths, 0)
    return ByteRanges(starts, starts + np.broadcast_to(lengths, starts.shape))


def _extent(geometry: Indices, axis: int, count: int) -> tuple[Indices, Indices]:
    """Return the first place along an axis, and how many, whichever way they are read."""
    first, step = geometry[:, axis], geometry[:, axis + 1]
    return np.where(step < 0, first - (count - 1), first), np.full(1, count, np.int64)


def _within(extent: tuple[Indices, Indices], span: Indices) -> tuple[Indices, Indices]:
    """Return the part of an extent that is there to be read."""
    first = np.maximum(extent[0], span[:, 0])
    last = np.minimum(extent[0] + extent[1], span[:, 1])
    return first, np.maximum(last - first, 0)


def coalesce(starts: Indices, stops: Indices, gap: int) -> tuple[Indices, Indices]:
    """Return sorted ranges, those that touch as one.

    Parameters
    ----------
    starts, stops : ndarray of int64, shape (n,)
        In any order, overlapping or not, none empty.
    gap : int
        Ranges that lie at most so many bytes apart become one.

    Returns
    -------
    starts, stops : ndarray of int64
        Sorted, each more than `gap` behind the one before.

    Examples
    --------
    >>> found = coalesce(np.array([100, 0, 8]), np.array([110, 4, 90]), gap=4)
    >>> [one.tolist() for one in found]
    [[0, 100], [90, 110]]
    """
    order = np.argsort(starts, kind="stable")
    sorted_starts, reach = starts[order], np.maximum.accumulate(stops[order])
    begins = np.ones(len(starts), bool)
    begins[1:] = sorted_starts[1:] > reach[:-1] + gap
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(starts)) - 1
    return sorted_starts[first], reach[last]
