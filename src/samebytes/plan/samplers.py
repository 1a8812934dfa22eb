"""Samplers: which sample, of which epoch, comes at which position.

Each sampler maps positions of its output to positions of its input, so a chain of them maps a
position to (epoch, sample) at once, in O(1) memory, wherever it stands. Their order matters as
in tf.data: ``shuffle().take(10)`` takes ten at random, ``take(10).shuffle()`` shuffles the first
ten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from samebytes.plan.arguments import BEYOND_COUNTING, EPOCHS
from samebytes.plan.block_permutation import Blocks, permute
from samebytes.plan.epoch_groups import by_epoch

__all__ = [
    "Permute",
    "Place",
    "Positions",
    "Repeat",
    "Sampler",
    "Sequential",
    "Shard",
    "Shuffle",
    "Skip",
    "Take",
    "check_countable",
]

Positions = npt.NDArray[np.int64]
Place = tuple[Positions, Positions]
Permute = Callable[[Positions, int, int, int, "Blocks | None"], Positions]

ENDLESS_EPOCHS = 1 << 16
"""Repetitions that an endless repeat keeps apart from those of the next iteration."""


ENDLESS = 1 << 40
"""Elements of an endless dataset that are counted right: a million a second for twelve days."""


class Sampler(Protocol):
    """What every sampler tells: how many there are, and where each comes from."""

    @property
    def length(self) -> int | None:
        """Number of elements, None where it never ends."""

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return (epochs, positions) in the source for these epochs and positions.

        `permute` does what `samebytes.plan.block_permutation.permute` does; the engine has it
        compiled.
        """


@dataclass(frozen=True)
class Sequential:
    """The elements themselves, in their own order."""

    length: int | None

    def locate(
        self,
        epochs: Positions,
        positions: Positions,
        permute: Permute = permute,  # noqa: ARG002 (for those that shuffle)
    ) -> Place:
        """Return what came: this is the source."""
        return epochs, positions


@dataclass(frozen=True)
class Shuffle:
    """A permutation, new each epoch unless `reshuffle` is off: full, unless there are blocks.

    Source: ``tf.data.Dataset.shuffle``, with a buffer of the whole length and no memory.
    """

    parent: Sampler
    seed: int
    reshuffle: bool = True
    blocks: Blocks | None = None

    @property
    def length(self) -> int | None:
        """As many as came."""
        return self.parent.length

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return where the permutation of each epoch puts the positions."""
        size = self.parent.length or 0  # what never ends is not shuffled
        found = np.empty_like(positions)
        for epoch, mine in by_epoch(epochs):
            epoch *= self.reshuffle
            found[mine] = permute(positions[mine], size, self.seed, epoch, self.blocks)
        return self.parent.locate(epochs, found, permute)


@dataclass(frozen=True)
class Shard:
    """Every `count`-th element, from `index` on; the caller says which process this is."""

    parent: Sampler
    count: int
    index: int

    @property
    def length(self) -> int | None:
        """What falls to this shard."""
        size = self.parent.length
        return None if size is None else max(0, -(-(size - self.index) // self.count))

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return the positions before sharding."""
        return self.parent.locate(epochs, positions * self.count + self.index, permute)


@dataclass(frozen=True)
class Take:
    """The first `count` elements."""

    parent: Sampler
    count: int

    @property
    def length(self) -> int | None:
        """At most `count`."""
        size = self.parent.length
        return self.count if size is None else min(size, self.count)

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return the same positions."""
        return self.parent.locate(epochs, positions, permute)


@dataclass(frozen=True)
class Skip:
    """All but the first `count` elements."""

    parent: Sampler
    count: int

    @property
    def length(self) -> int | None:
        """What is left."""
        size = self.parent.length
        return None if size is None else max(0, size - self.count)

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return the positions before skipping."""
        return self.parent.locate(epochs, positions + self.count, permute)


@dataclass(frozen=True)
class Repeat:
    """The elements `count` times over, each time an epoch of its own; None never ends."""

    parent: Sampler
    count: int | None

    @property
    def length(self) -> int | None:
        """`count` times as many; None where endless, but nothing repeated stays nothing."""
        size = self.parent.length
        if size == 0 or self.count == 0:
            return 0
        return None if size is None or self.count is None else size * self.count

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return positions within a repetition, and the epoch of that repetition."""
        size = self.parent.length
        if size is None:
            return self.parent.locate(epochs, positions, permute)
        each = ENDLESS_EPOCHS if self.count is None else self.count
        repetition, within = np.divmod(positions, size)
        return self.parent.locate((epochs * each + repetition) % EPOCHS, within, permute)


def check_countable(order: Sampler, each: int = 1) -> None:
    """Refuse an order whose positions, or those it is made of, are more than int64 counts.

    `each` is how many samples an element has.

    Raises
    ------
    ValueError
        If there are, of what never ends among the first `ENDLESS`.

    Examples
    --------
    >>> check_countable(Repeat(Sequential(10), 1 << 62))
    Traceback (most recent call last):
        ...
    ValueError: this makes 46,116,860,184,273,879,040 elements, more than can be counted (2**63 - \
1); ask for fewer, or for endless ones: repeat()
    """
    length = order.length
    if length is not None and length >= BEYOND_COUNTING:
        message = (
            f"this makes {length:,} elements, more than can be counted (2**63 - 1); ask for fewer, "
            "or for endless ones: repeat()"
        )
        raise ValueError(message)
    position = ENDLESS
    while hasattr(order, "parent"):
        if order.length is not None:
            position = min(position, order.length)
        if isinstance(order, Repeat) and order.parent.length is not None:
            break  # a repetition is as long as what is repeated, which was counted before
        if hasattr(order, "table"):
            break  # what is chosen by a table was there
        if isinstance(order, Shard):
            position = position * order.count + order.index
        if isinstance(order, Skip):
            position += order.count
        order = order.parent
    if position * each >= BEYOND_COUNTING:
        message = (
            f"this endless dataset needs element {position:,}, more than can be counted (2**63 - "
            "1); skip less, or ask for fewer shards or smaller batches"
        )
        raise ValueError(message)
