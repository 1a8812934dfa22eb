"""Samples of batches, one after the other: the way back from ``batch``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from samebytes.plan import samplers
from samebytes.plan.block_permutation import permute
from samebytes.plan.rank_slice import RankSlice
from samebytes.plan.recipe import Recipe
from samebytes.plan.samplers import Permute, Place, Positions, Repeat, Sampler
from samebytes.plan.selection import is_drawn
from samebytes.plan.transforms.base import Transform

__all__ = ["Unbatched", "unbatched"]

AT_A_TIME = 1 << 16
"""Batches that are looked at together."""


@dataclass(frozen=True)
class Unbatched:
    """The samples of chosen batches.

    Attributes
    ----------
    parents : (Sampler, Sampler)
        The batches that were chosen, and the samples that they are of.
    size : int
        Samples in a batch, but for the last one there is.
    """

    parents: tuple[Sampler, Sampler]
    size: int

    @property
    def text(self) -> str:
        """How large the batches were."""
        return f"batches of {self.size}"

    @property
    def _lacking(self) -> int:
        """Samples that the last batch lacks."""
        length = self.parents[1].length
        return 0 if length is None else -length % self.size

    @cached_property
    def _ends(self) -> Positions:
        """Positions behind each smaller batch, wherever they come."""
        batches, samples = self.parents
        count, last = batches.length or 0, (samples.length or 0) // self.size
        found = [np.empty(0, np.int64)]
        for start in range(0, count if self._lacking else 0, AT_A_TIME):
            positions = np.arange(start, min(start + AT_A_TIME, count))
            _, chosen = batches.locate(np.zeros_like(positions), positions)
            found.append(positions[chosen == last])
        smaller = np.concatenate(found)
        ends: Positions = (smaller + 1) * self.size - self._lacking * np.arange(1, len(smaller) + 1)
        return ends

    @property
    def length(self) -> int | None:
        """Samples of all batches."""
        count = self.parents[0].length
        return None if count is None else count * self.size - self._lacking * len(self._ends)

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return the samples in their batches."""
        if self._lacking:
            positions = positions + self._lacking * np.searchsorted(self._ends, positions, "right")
        batch, within = np.divmod(positions, self.size)
        epochs, chosen = self.parents[0].locate(epochs, batch, permute)
        return self.parents[1].locate(epochs, chosen * self.size + within, permute)


def unbatched(recipe: Recipe) -> Sampler:
    """Return the order of the samples of a dataset's batches.

    Raises
    ------
    ValueError
        If there are no batches, they are another process's as well, a function was given them, or
        nobody can tell where the smaller ones come.
    """
    size, batches, order = recipe.batch_size, recipe.batches, recipe.samples
    if size is None or batches is None:
        message = "unbatch() takes batches apart, but this dataset yields single samples"
        raise ValueError(message)
    if isinstance(order, RankSlice):
        message = "unbatch() would take a process's slices apart: call it before distribute()"
        raise ValueError(message)  # noqa: TRY004 (what was asked for before is no wrong type)
    for call in recipe.maps:
        if call.batched and not isinstance(call.function, Transform):
            name = getattr(call.function, "__name__", type(call.function).__name__)
            message = (
                f"unbatch() would give {name}, which takes whole batches, other ones; call "
                "unbatch() before map, or map(..., batched=False) before batch()"
            )
            raise ValueError(message)
    if recipe.drop_remainder and order.length is not None:
        order = samplers.Take(order, order.length // size * size)
    return _apart(batches, order, size)


def _apart(batches: Any, order: Sampler, size: int) -> Sampler:
    if not hasattr(batches, "parent"):
        return order
    if order.length is not None and order.length % size:
        if isinstance(batches, Repeat):  # whatever the epoch, it has as many samples
            return replace(batches, parent=_apart(batches.parent, order, size))
        if is_drawn(batches) or batches.length is None:
            message = (
                f"unbatch(): the last of the batches has {order.length % size} samples, not {size}"
                ", and comes anywhere; pass drop_remainder=True to batch, or call unbatch() before "
                "methods that choose among batches"
            )
            raise ValueError(message)
    return Unbatched((batches, order), size)
