"""What was asked for, before it is folded into a plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from samebytes.plan.map_calls import MapCall
from samebytes.plan.orders import Order
from samebytes.plan.samplers import Sampler
from samebytes.plan.sources import SourceArray
from samebytes.plan.tree import Structure
from samebytes.plan.windows import Stencil, Windows

__all__ = ["Recipe"]


@dataclass(frozen=True, eq=False, repr=False)
class Recipe:
    """Arrays, the order of their samples, and what is to become of them; facts, no work.

    Attributes
    ----------
    arrays : tuple of ndarray, ConcatArray or DocumentFeature
        The sources, in the order of the structure's leaves.
    structure : Structure
        How they nest in an element.
    samples : Sampler
        Which sample comes at which position.
    stencils : tuple of Stencil
        Which rows of each source make a sample.
    windows : Windows, optional
        Where samples begin; without it sample i is row i.
    padding : number
        What stands where a sample has no row.
    maps : tuple of MapCall
        What was asked of ``map``, first to last.
    batch_size : int, optional
        Samples a batch; None gives single samples.
    drop_remainder : bool
        Whether an incomplete last batch is left out.
    batches : Sampler, optional
        Which batch comes at which position; None before ``batch``.
    orders : tuple of Order or None
        Where components look for their samples, if some have orders of their own; else empty.
    base_seed : int, optional
        What seeds follow from that nobody gave; without it they are drawn.
    """

    arrays: tuple[SourceArray, ...] = field(repr=False)
    structure: Structure
    samples: Sampler
    stencils: tuple[Stencil, ...] = ()
    windows: Windows | None = None
    padding: Any = 0
    maps: tuple[MapCall, ...] = ()
    batch_size: int | None = None
    drop_remainder: bool = False
    batches: Sampler | None = None
    orders: tuple[Order | None, ...] = ()
    base_seed: int | None = None

    @property
    def length(self) -> int | None:
        """Number of elements, None where they never end."""
        order = self.samples if self.batches is None else self.batches
        return order.length
