"""Orders of their own: which sample a component shows, where others show other ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from samebytes.plan.block_permutation import permute

if TYPE_CHECKING:
    from samebytes.plan.samplers import Permute, Place, Positions, Sampler

__all__ = ["Composed", "Order"]


@dataclass(frozen=True)
class Order:
    """Where a component looks for the sample at each place of a zip.

    Attributes
    ----------
    samples : Sampler
        From a place to a sample.
    windowed : bool
        Whether that is the number of a window, and not of a row.
    """

    samples: Sampler
    windowed: bool


@dataclass(frozen=True)
class Composed:
    """What an order shows of another one.

    Attributes
    ----------
    parents : (Sampler, Sampler)
        The order, and the one that its places are of.
    """

    parents: tuple[Sampler, Sampler]
    text = "of"

    @property
    def length(self) -> int | None:
        """As many as the order has."""
        return self.parents[0].length

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return what the other one has at the places of this one."""
        order, other = self.parents
        return other.locate(*order.locate(epochs, positions, permute), permute)
