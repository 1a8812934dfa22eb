"""Where a batch is: from its number to the samples in it, by arithmetic alone.

Small batches are made several at a time, a block: what one costs beside its bytes (its numbers,
its blocks, waking a thread) they share.

The position of an iterator counts samples, so that a state is good for any batch size; only where
samplers after ``batch`` choose among batches does it count batches. A block therefore stands at a
position that needs no memory of those before it, and any thread may ask for any.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.kernels.rng import permute
from samebytes.plan.plan import Plan
from samebytes.plan.prefetch import samples_in
from samebytes.plan.rank_slice import weights_at

__all__ = ["Schedule", "Segment", "counted_in", "position_of"]

Indices = npt.NDArray[np.int64]

LOOK_AHEAD = 16384
"""Samples located at a time, at most and about; and no more than `LOOK_BATCHES` batches.

Of samples that many numbers are worked out for (planes, factors drawn for each) fewer.

The order is arithmetic on arrays, where a call costs the same for 32 samples as for hundreds:
110 µs of the interpreter's time for each batch of 32, and 10 µs when 32 batches share it. In half
as many at a time, batches of a megabyte come 10 % slower.
"""

LOOK_BATCHES = 512

LOOK_FIRST = 512
"""Samples located at first, about: they take little longer than one does, and thousands would."""

GROWTH = 2
"""Times as many are located each time, until it is the most.

Filling one segment shall take longer than locating the next, or the threads wait for it.
"""


def counted_in(plan: Plan) -> str:
    """Return what positions count: ``samples``, or ``batches`` where samplers choose among them."""
    chosen = plan.batch_size is not None and hasattr(plan.batches, "parent")
    return "batches" if chosen else "samples"


def position_of(plan: Plan, batch: int) -> int:
    """Return where a batch lies, in what positions count."""
    return batch if counted_in(plan) == "batches" else batch * (plan.batch_size or 1)


@dataclass(frozen=True)
class Segment:
    """Some blocks in a row, whose numbers are made together.

    Attributes
    ----------
    epochs, indices : ndarray of int64
        The samples of all of them.
    cuts : tuple of int
        Block k has the samples from ``cuts[k]`` to ``cuts[k + 1]``.
    counts : tuple of tuple of int
        How many samples each element of each block has.
    ends : tuple of ndarray of int64
        Behind which sample of its block each element ends.
    prepared : object
        What else was worked out for them.
    weights : ndarray of float32, optional
        Of the samples, where some only pad.
    """

    epochs: Indices
    indices: Indices
    cuts: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]
    ends: tuple[Indices, ...]
    prepared: Any
    weights: npt.NDArray[np.float32] | None = None


class Schedule:
    """The blocks of an epoch from a position on; safe from any thread.

    Parameters
    ----------
    plan : Plan
        Whose order and batches to follow.
    epoch : int
        Which one.
    start : int
        Position of the first element, in what `counted_in` tells.
    elements : int
        In each block, but for the last, and the first ones: they grow up to it, so that who
        begins does not wait for more than an element.
    prepare : callable
        Works out what else is needed of samples, for a segment at a time: (epochs, indices).
    numbers_per_sample : int
        How many are worked out for each sample; of many, fewer samples are located at a time.
    """

    def __init__(
        self,
        plan: Plan,
        epoch: int,
        start: int,
        elements: int,
        prepare: Callable[[Indices, Indices], Any],
        numbers_per_sample: int = 1,
    ) -> None:
        self._plan = plan
        self._prepare = prepare
        self._epoch = epoch
        self._start = start
        self._batches_chosen = plan.batches if counted_in(plan) == "batches" else None
        self._size = samples_in(plan)
        self._elements = elements
        each = self._size * numbers_per_sample
        self._most = max(1, min(LOOK_AHEAD // each, LOOK_BATCHES) // elements)
        first = max(1, LOOK_FIRST // each)
        self._first = min(first if elements == 1 else first.bit_length(), self._most)
        # The current segment, the one before (threads may stand on both sides of the border
        # between them), and those that were looked at ahead.
        self._segments: dict[int, Segment] = {}
        self._current = 0
        self._looking = threading.Lock()

    def at(self, number: int) -> tuple[Segment, int] | None:
        """Return the segment with block `number`, and its place there; None behind the end."""
        self._current = self._segment_of(number)[0]
        return self.ahead(number)

    def ahead(self, number: int) -> tuple[Segment, int] | None:
        """Return what `at` does, of a block whose turn has not come."""
        which, place, count = self._segment_of(number)
        segment = self._segments.get(which)
        if segment is None:
            with self._looking:
                segment = self._segments.get(which)
                if segment is None:
                    for passed in [w for w in self._segments if w < self._current - 1]:
                        del self._segments[passed]
                    segment = self._segments[which] = self._locate(number - place, count)
        return (segment, place) if place < len(segment.cuts) - 1 else None

    def upcoming(self, number: int) -> int | None:
        """Return a block to look at while `number` is made, or None.

        In the middle of a segment it is the first of the next one: locating thousands of samples
        takes as long as filling a block, and no thread could fill any meanwhile.
        """
        _, place, count = self._segment_of(number)
        return number - place + count if place == count // 2 else None

    def _segment_of(self, number: int) -> tuple[int, int, int]:
        """Return the segment that block `number` is in, its place there, and how long that is.

        Segments grow up to the most: the first block need not wait for many others, and who
        takes only a few does not pay for them.
        """
        which, begin, count = 0, 0, self._first
        while count < self._most:
            if number < begin + count:
                return which, number - begin, count
            which, begin, count = which + 1, begin + count, min(count * GROWTH, self._most)
        behind, place = divmod(number - begin, self._most)
        return which + behind, place, self._most

    def _locate(self, number: int, blocks: int) -> Segment:
        begins = [self._elements_before(number + k) for k in range(blocks + 1)]
        epochs, firsts, counts = self._batches(begins[0], begins[-1] - begins[0])
        ends = np.cumsum(counts)
        # Position by position: the first of its element, and how far it is behind it.
        behind = np.arange(counts.sum()) - np.repeat(ends - counts, counts)
        positions = np.repeat(firsts, counts) + behind
        samples = self._plan.samples
        epochs, indices = samples.locate(np.repeat(epochs, counts), positions, permute)
        every = counts.tolist()
        places = [begin - begins[0] for begin in begins if begin - begins[0] < len(every)]
        block = [slice(*both) for both in pairwise([*places, len(every)])]
        cuts = [0, *(int(ends[one.stop - 1]) for one in block)]
        return Segment(
            epochs,
            indices,
            tuple(cuts),
            tuple(tuple(every[one]) for one in block),
            tuple(ends[one] - cut for one, cut in zip(block, cuts, strict=False)),
            self._prepare(epochs, indices) if every else None,
            weights_at(samples, positions),
        )

    def _elements_before(self, number: int) -> int:
        """Return how many elements the blocks before `number` have: 1, 2, 4 and so on each."""
        growing = min(number, (self._elements - 1).bit_length())
        return (1 << growing) - 1 + (number - growing) * self._elements

    def _batches(self, number: int, elements: int) -> tuple[Indices, Indices, Indices]:
        """Return epoch, first sample position and count of some elements from `number` on."""
        plan, size = self._plan, self._size
        numbers = np.arange(number, number + elements, dtype=np.int64)
        if self._batches_chosen is not None:
            positions = self._start + numbers
            most = self._batches_chosen.length
            positions = positions if most is None else positions[positions < most]
            epochs = np.full(len(positions), self._epoch, np.int64)
            epochs, chosen = self._batches_chosen.locate(epochs, positions, permute)
            firsts = chosen * size
        else:
            firsts = self._start + numbers * size
            epochs = np.full(len(firsts), self._epoch, np.int64)
        counts = np.full(len(firsts), size, np.int64)
        length = plan.samples.length
        if length is not None:
            counts = np.minimum(counts, length - firsts)
        whole = plan.batch_size is not None and plan.drop_remainder
        there = counts >= ((plan.batch_size or 1) if whole else 1)
        return epochs[there], firsts[there], counts[there]
