"""Samplers of what was chosen: by an index, all but some in a row, a part of several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from samebytes.plan.block_permutation import permute
from samebytes.plan.divisions import Division
from samebytes.plan.index_tables import IndexTable, table_of_mask
from samebytes.plan.samplers import Permute, Place, Positions, Repeat, Sampler, Shuffle
from samebytes.plan.weighted import Weighted

__all__ = ["Part", "Select", "Without", "below_shuffles", "is_drawn"]


@dataclass(frozen=True)
class Select:
    """The elements at some positions, in their order."""

    parent: Sampler
    table: IndexTable
    verb: str = "select"

    @property
    def length(self) -> int:
        """As many as were chosen."""
        return len(self.table)

    @property
    def text(self) -> str:
        """What was asked for, and what it takes."""
        return f"{self.verb}({self.table.text})"

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return where the chosen ones lie."""
        return self.parent.locate(epochs, self.table.at(positions), permute)


@dataclass(frozen=True)
class Without:
    """All elements but those from `start` to `stop`."""

    parent: Sampler
    start: int
    stop: int

    @property
    def length(self) -> int:
        """What is left."""
        return (self.parent.length or 0) - (self.stop - self.start)

    @property
    def text(self) -> str:
        """Which are left out."""
        return f"without({self.start}, {self.stop})"

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return the positions among all."""
        beyond = positions >= self.start
        return self.parent.locate(epochs, positions + beyond * (self.stop - self.start), permute)


@dataclass(frozen=True)
class Part:
    """The elements of some parts of a division, in their own order; which, the seed decides."""

    parent: Sampler
    division: Division
    chosen: tuple[int, ...]
    seed: int | None

    @cached_property
    def table(self) -> IndexTable:
        """The positions of these parts."""
        return table_of_mask(np.isin(self.division.parts(self.seed), self.chosen))

    @property
    def length(self) -> int:
        """As many as fall to these parts."""
        return len(self.table)

    @property
    def text(self) -> str:
        """How it is divided, which parts these are, and what that takes."""
        which = ", ".join(map(str, self.chosen))
        table = self.table.text.partition(" (")[0]  # the seed and the division say all of it
        if self.seed is not None:
            which += f", seed={self.seed}"
        return f"{self.division.text}[{which}]: {table}"

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return where the elements of these parts lie."""
        return self.parent.locate(epochs, self.table.at(positions), permute)


def below_shuffles(order: Any, verb: str, change: Callable[[Sampler, int], Sampler]) -> Sampler:
    """Return an order with `change` made to what its shuffles and repeats are of.

    To choose from what is shuffled and then to shuffle is the same, and to know what is chosen
    then takes no epoch. `change` is given what lies below, and its length.

    Raises
    ------
    ValueError
        If what would be chosen from is another in each epoch, or has no end.
    """
    if isinstance(order, Shuffle | Repeat):
        return replace(order, parent=below_shuffles(order.parent, verb, change))
    if is_drawn(order):
        message = (
            f"{verb} needs samples that are the same in each epoch, but which ones these are, or "
            "in which order, a shuffle decides before; call it before shuffle()"
        )
        raise ValueError(message)
    if order.length is None:
        message = f"{verb} chooses from an epoch, and this one never ends: call it before repeat()"
        raise ValueError(message)
    return change(order, order.length)


def is_drawn(order: Any) -> bool:
    """Return whether a shuffle decides about an order anywhere, so that epochs differ."""
    if isinstance(order, Shuffle | Weighted):
        return True
    if hasattr(order, "parents"):
        return any(map(is_drawn, order.parents))
    return hasattr(order, "parent") and is_drawn(order.parent)
