"""Where a batch is: from its number to the samples in it, by arithmetic alone.

Small batches are made several at a time, a helping: what one costs beside its bytes (its numbers,
its blocks, waking a thread) they share.

The position of an iterator counts samples, so that a state is good for any batch size; only where
verbs after ``batch`` choose among batches does it count batches. A helping therefore stands at a
position that needs no memory of those before it, and any thread may ask for any.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.dataset.helpings import LONE_SAMPLES
from samebytes.dataset.plan import Plan
from samebytes.engine.compiled import permute

__all__ = ["Stretch", "Walk", "counted_in"]

Indices = npt.NDArray[np.int64]

LOOK_AHEAD = 8192
"""Samples located at a time, at most and about; and no more than `LOOK_BATCHES` batches.

The order is arithmetic on arrays, where a call costs the same for 32 samples as for hundreds:
110 µs of the interpreter's time for each batch of 32, and 10 µs when 32 batches share it.
"""

LOOK_BATCHES = 256


def counted_in(plan: Plan) -> str:
    """Tell what positions count: ``samples``, or ``batches`` where verbs choose among them."""
    chosen = plan.batch_size is not None and hasattr(plan.batches, "parent")
    return "batches" if chosen else "samples"


@dataclass
class Stretch:
    """Some helpings in a row, whose numbers are made together.

    Attributes
    ----------
    epochs, indices : ndarray of int64
        The samples of all of them.
    cuts : tuple of int
        Helping k has the samples from ``cuts[k]`` to ``cuts[k + 1]``.
    counts : tuple of tuple of int
        How many samples each element of each helping has.
    prepared : object
        What the executor has worked out for them.
    """

    epochs: Indices
    indices: Indices
    cuts: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]
    prepared: Any = None


class Walk:
    """The helpings of an epoch from a position on; safe from any thread.

    Parameters
    ----------
    plan : Plan
        Whose order and batches to follow.
    epoch : int
        Which one.
    start : int
        Position of the first element, in what `counted_in` tells.
    elements : int
        In each helping but the last.
    """

    def __init__(self, plan: Plan, epoch: int, start: int, elements: int) -> None:
        self._plan = plan
        self._epoch = epoch
        self._start = start
        self._by_batch = counted_in(plan) == "batches"
        self._size = plan.batch_size or LONE_SAMPLES
        self._elements = elements
        most = max(1, min(LOOK_AHEAD // self._size, LOOK_BATCHES) // elements)
        self._most = 1 << (most.bit_length() - 1)
        # The last two stretches: threads may stand on both sides of the border between them.
        self._stretches: dict[int, Stretch] = {}
        self._looking = threading.Lock()

    def at(self, number: int) -> tuple[Stretch, int] | None:
        """Give the stretch with helping `number`, and its place there; None behind the end."""
        which, place, count = self._stretch_of(number)
        with self._looking:
            if which not in self._stretches:
                self._stretches.pop(which - 2, None)
                self._stretches[which] = self._locate(number - place, count)
            stretch = self._stretches[which]
        return (stretch, place) if place < len(stretch.cuts) - 1 else None

    def _stretch_of(self, number: int) -> tuple[int, int, int]:
        """Give the stretch that helping `number` is in, its place there, and how long that is.

        Stretches grow, 1, 1, 2, 4 and so on up to the most: the first helping need not wait for
        others, and who takes only a few does not pay for many.
        """
        if number < self._most:
            which = number.bit_length()
            count = 1 << max(which - 1, 0)
            return which, number - (count if number else 0), count
        behind, place = divmod(number, self._most)
        return self._most.bit_length() - 1 + behind, place, self._most

    def _locate(self, number: int, helpings: int) -> Stretch:
        each = self._elements
        epochs, firsts, counts = self._batches(number * each, helpings * each)
        ends = np.cumsum(counts)
        # Position by position: the first of its element, and how far it is behind it.
        behind = np.arange(counts.sum()) - np.repeat(ends - counts, counts)
        epochs, indices = self._plan.samples.locate(
            np.repeat(epochs, counts), np.repeat(firsts, counts) + behind, permute
        )
        every = counts.tolist()
        found = [tuple(every[k : k + each]) for k in range(0, len(every), each)]
        cuts = [0, *ends[each - 1 :: each].tolist()]
        if len(every) % each:
            cuts.append(int(ends[-1]))
        return Stretch(epochs, indices, tuple(cuts), tuple(found))

    def _batches(self, number: int, elements: int) -> tuple[Indices, Indices, Indices]:
        """Give epoch, first sample position and count of some elements from `number` on."""
        plan, size = self._plan, self._size
        numbers = np.arange(number, number + elements, dtype=np.int64)
        if self._by_batch:
            positions = self._start + numbers
            most = plan.batches.length
            positions = positions if most is None else positions[positions < most]
            epochs = np.full(len(positions), self._epoch, np.int64)
            epochs, chosen = plan.batches.locate(epochs, positions, permute)
            firsts = chosen * size
        else:
            firsts = self._start + numbers * size
            epochs = np.full(len(firsts), self._epoch, np.int64)
        counts = np.full(len(firsts), size, np.int64)
        length = plan.samples.length
        if length is not None:
            counts = np.minimum(counts, length - firsts)
        whole = plan.batch_size is not None and plan.drop_remainder
        there = counts >= (size if whole else 1)
        return epochs[there], firsts[there], counts[there]
