"""Samples by their class: each class as often as asked, found by counting blocks of labels.

Of every block of labels there is how many of each class come before it. The n-th sample of a class
is then in a block that a search finds, and in that at a place that counting finds.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from samebytes.plan.block_permutation import permute
from samebytes.plan.index_tables import nth_bit
from samebytes.plan.labels import Labels
from samebytes.plan.proportions import Turns, fair_turns
from samebytes.plan.samplers import Permute, Place, Positions, Sampler

__all__ = ["Balanced"]

LEAST_BLOCK = 64
"""Labels in a block at least; else 32 for each class, whose counts take a bit for each label."""

AT_A_TIME = 1 << 20
"""Labels that are counted together, about."""

LOOKED_AT = 1 << 18
"""Labels that samples are looked for in together, about: they stay in a core's cache."""


class ClassIndex:
    """The samples of each class, by their number among those of the class.

    Parameters
    ----------
    labels : Labels
        Which class each sample is of.

    Examples
    --------
    >>> from samebytes.plan.labels import as_labels
    >>> index = ClassIndex(as_labels(np.arange(1000) % 3, 1000, "labels"))
    >>> index.at(np.array([0, 1, 2]), np.array([0, 5, 300])).tolist()
    [0, 16, 902]
    """

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        count, classes = len(labels.codes), max(len(labels.classes), 1)
        self.block = min(max(LEAST_BLOCK, 32 * classes), max(count, 1))
        blocks = -(-count // self.block)
        dtype = np.int32 if count < 1 << 31 else np.int64
        self.before = np.zeros((classes, blocks + 1), dtype)
        some = max(AT_A_TIME // self.block, 1)
        block_of = np.repeat(np.arange(some) * classes, self.block)
        for first in range(0, blocks, some):
            codes = labels.codes[first * self.block : (first + some) * self.block]
            mine = min(some, blocks - first)
            found = np.bincount(block_of[: len(codes)] + codes, minlength=classes * mine)
            self.before[:, first + 1 : first + 1 + mine] = found.reshape(mine, classes).T
        np.cumsum(self.before, axis=1, out=self.before)

    def at(self, classes: Positions, numbers: Positions) -> Positions:
        """Return the samples with these numbers among those of these classes."""
        codes, block = self.labels.codes, self.block
        where = np.empty(len(classes), np.int64)
        for one in np.unique(classes).tolist():
            mine = np.flatnonzero(classes == one)
            where[mine] = np.searchsorted(self.before[one], numbers[mine], "right") - 1
        left = numbers - self.before[classes, where]
        # The last block may be a shorter one: what it is filled up with, in front, is left out.
        begins = np.minimum(where * block, len(codes) - block)
        filling = where * block - begins
        rows = sliding_window_view(codes, block)
        found = np.empty(len(classes), np.int64)
        each = max(LOOKED_AT // block, 1)
        for start in range(0, len(classes), each):
            some = slice(start, start + each)
            same = rows[begins[some]] == classes[some, np.newaxis].astype(codes.dtype)
            for place in np.flatnonzero(filling[some]):
                same[place, : filling[start + place]] = False
            bits = np.packbits(same, axis=1, bitorder="little")
            found[some] = begins[some] + nth_bit(bits, left[some])
        return found


@dataclass(frozen=True)
class Balanced:
    """Each class in turn as its weight says, and of each class one sample after the other.

    Where one has fewer than its turns, it begins anew; where it has more, the next epoch goes on.

    Attributes
    ----------
    parent : Sampler
        The samples.
    labels : Labels
        Which class each is of.
    weights : tuple of int
        Turns of each class.
    """

    parent: Sampler
    labels: Labels
    weights: tuple[int, ...]

    @property
    def length(self) -> int:
        """As many as there are samples."""
        return len(self.labels.codes)

    @property
    def text(self) -> str:
        """The classes, their turns, and what finding them takes."""
        runs = ", ".join(
            f"{weight}" + (f" x {count}" if count > 1 else "")
            for weight, count in (
                (weight, len(list(same))) for weight, same in itertools.groupby(self.weights)
            )
        )
        return f"balance(classes {self.labels.text}; weights {runs})"

    @cached_property
    def _index(self) -> ClassIndex:
        return ClassIndex(self.labels)

    @cached_property
    def _turns(self) -> Turns:
        return fair_turns(self.weights)

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return the samples of the classes whose turns the positions are."""
        which, turn = self._turns.at(positions)
        each = np.array(self._turns.counts(self.length), np.int64)
        number = (epochs * each[which] + turn) % self.labels.counts[which]
        return self.parent.locate(epochs, self._index.at(which, number), permute)
