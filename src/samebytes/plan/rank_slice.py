"""A process's slice of every global batch: the last sampler of a dataset that is distributed.

A global batch of G samples lies at positions p to p + G of the order that all processes share. Of
W processes number r has ``p + r * G / W`` to ``p + (r + 1) * G / W``: so the slices, in the order
of the processes, are the batch that one process alone would have. It is arithmetic on positions
like any other sampler, and whatever comes behind it (the engine, the formats, the feeds) sees an
ordinary dataset with batches of G / W.

Positions in a saved state are those of the shared order, so a state says nothing of who saved it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from samebytes.plan.block_permutation import permute
from samebytes.plan.samplers import Permute, Place, Positions, Sampler, Skip, Take

__all__ = ["Batching", "RankSlice", "based_on", "global_batching", "slice_below", "weights_at"]


@dataclass(frozen=True)
class RankSlice:
    """The samples of one process of several; all of them have equally many.

    Attributes
    ----------
    parent : Sampler
        The order that all processes share.
    batch_size : int
        Samples in a global batch; the number of processes divides it.
    num_workers, index : int
        How many processes there are, and which one this is.
    pad : bool
        Whether an incomplete last batch is filled up, with samples from the beginning of the
        order and a weight of zero; else it is left out.
    found : str
        Who said how many processes there are; for people.
    start : int
        Where the first global batch begins: not at 0 where a state in the middle of one is resumed.
    """

    parent: Sampler
    batch_size: int
    num_workers: int
    index: int
    pad: bool = False
    found: str = field(default="", compare=False)
    start: int = 0

    @property
    def size(self) -> int:
        """Samples in this process's slice of a batch."""
        return self.batch_size // self.num_workers

    @property
    def length(self) -> int | None:
        """Samples of this process, those that pad included; as many as every other has."""
        batches = self.batches
        return None if batches is None else batches * self.size

    @property
    def batches(self) -> int | None:
        """Global batches of an epoch, None where they never end."""
        length = self.parent.length
        if length is None:
            return None
        left = max(length - self.start, 0)
        return -(-left // self.batch_size) if self.pad else left // self.batch_size

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return the positions in the order that all share; those that pad begin it again."""
        shared = self._shared(positions)
        if self.pad and self.parent.length:
            shared = shared % self.parent.length
        return self.parent.locate(epochs, shared, permute)

    def weights(self, positions: Positions) -> npt.NDArray[np.float32]:
        """Return 1 for each position that is a sample of the epoch, 0 for what only pads."""
        length = self.parent.length
        if length is None:
            return np.ones(len(positions), np.float32)
        return (self._shared(positions) < length).astype(np.float32)

    def _shared(self, positions: Positions) -> Positions:
        batch, within = np.divmod(positions, self.size)
        return batch * self.batch_size + within + (self.start + self.index * self.size)

    def to_global(self, position: int) -> int:
        """Return where in the shared order a batch at `position` of this process begins."""
        shared = self.start + position // self.size * self.batch_size
        length = self.parent.length
        return shared if length is None else min(shared, length)

    def resumed_at(self, shared: int) -> tuple[RankSlice, int]:
        """Return the slice whose global batches meet `shared`, and the position there in it.

        Other batch sizes may have come before, so a global batch can begin anywhere: then the slice
        is one for this epoch only.
        """
        whole = self if self.start == 0 else replace(self, start=0)
        if whole.length is not None and shared >= whole.to_global(whole.length):
            return whole, whole.length
        batch, start = divmod(shared, self.batch_size)
        return (replace(self, start=start) if start else whole), batch * self.size


class _Batched(Protocol):
    """A plan, or what was asked for before it."""

    @property
    def samples(self) -> Sampler: ...
    @property
    def batch_size(self) -> int | None: ...
    @property
    def drop_remainder(self) -> bool: ...


@dataclass(frozen=True)
class Batching:
    """The order and the batches of all processes together; the same whoever asks.

    Attributes
    ----------
    samples : Sampler
        Which sample comes at which position.
    batch_size : int or None
        Samples a global batch.
    drop_remainder : bool
        Whether an incomplete last batch is left out.
    """

    samples: Sampler
    batch_size: int | None
    drop_remainder: bool


def global_batching(plan: _Batched) -> Batching:
    """Return the order and the batches of a plan, or of what was asked for, before it was sliced.

    Examples
    --------
    >>> from samebytes.plan.samplers import Sequential
    >>> sliced = RankSlice(Sequential(100), 10, num_workers=5, index=1)
    >>> sliced.length, global_batching(Batching(sliced, 2, False))
    (20, Batching(samples=Sequential(length=100), batch_size=10, drop_remainder=True))
    """
    samples = plan.samples
    if isinstance(samples, RankSlice):
        return Batching(samples.parent, samples.batch_size, not samples.pad)
    return Batching(samples, plan.batch_size, plan.drop_remainder)


def slice_below(samples: Sampler) -> RankSlice | None:
    """Return the slice of a plan, also below what a feed skips and takes of it."""
    while isinstance(samples, Skip | Take):
        samples = samples.parent
    return samples if isinstance(samples, RankSlice) else None


def weights_at(samples: Sampler, positions: Positions) -> npt.NDArray[np.float32] | None:
    """Return the weights of samples, None where there are none.

    Examples
    --------
    >>> from samebytes.plan.samplers import Sequential
    >>> padded = RankSlice(Sequential(5), 4, num_workers=2, index=0, pad=True)
    >>> weights_at(Skip(padded, 2), np.arange(2)).tolist(), weights_at(Sequential(5), np.arange(2))
    ([1.0, 0.0], None)
    """
    mine = slice_below(samples)
    if mine is None or not mine.pad:
        return None
    while isinstance(samples, Skip | Take):
        positions = positions + (samples.count if isinstance(samples, Skip) else 0)
        samples = samples.parent
    return mine.weights(positions)


def based_on(sampler: Any, change: Callable[[Any], Any]) -> Any:
    """Return a chain of samplers with another source: what `change` makes of the one it has."""
    if not hasattr(sampler, "parent"):
        return change(sampler)
    return replace(sampler, parent=based_on(sampler.parent, change))
