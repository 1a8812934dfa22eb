"""A process's batches cut among its replicas: each then takes every batch's part in turn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from samebytes.plan.block_permutation import permute
from samebytes.plan.plan import Plan
from samebytes.plan.samplers import Permute, Place, Positions, Sampler, Sequential, Take

__all__ = ["per_replica"]


@dataclass(frozen=True)
class Divided:
    """Each batch of `parent` as `parts` smaller ones, side by side."""

    parent: Sampler
    parts: int

    @property
    def length(self) -> int | None:
        """So many times as many."""
        length = self.parent.length
        return None if length is None else length * self.parts

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return which of the smaller batches come at the positions."""
        batch, part = np.divmod(positions, self.parts)
        epochs, batch = self.parent.locate(epochs, batch, permute)
        return epochs, batch * self.parts + part


def per_replica(plan: Plan, replicas: int) -> Plan:
    """Return the plan whose elements are the parts of each batch, one after the other.

    Raises
    ------
    ValueError
        If batches cannot be cut into so many equal parts.
    """
    size, batches = plan.batch_size, plan.batches
    if size is None or batches is None:
        message = (
            f"this dataset yields single samples, which cannot be cut among {replicas} replicas; "
            "expected batches: batch(n), n being the samples of all replicas together"
        )
        raise ValueError(message)
    if replicas == 1:
        return plan
    if size % replicas:
        message = (
            f"batches of {size} cannot be cut evenly among the {replicas} replicas of this "
            f"process; expected a multiple of {replicas}"
        )
        raise ValueError(message)
    samples, length = plan.samples, plan.samples.length
    if length is not None and length % size:
        if not plan.drop_remainder:
            message = (
                f"the last batch has {length % size} of {size} samples, and would be cut unevenly "
                f"among {replicas} replicas; leave it out, by distribute() or "
                "batch(drop_remainder=True), or fill it up: distribute(remainder='pad')"
            )
            raise ValueError(message)
        samples = Take(samples, length - length % size)
    parts: Sampler = Divided(batches, replicas)
    if not hasattr(batches, "parent"):
        parts = Sequential(parts.length)
    return replace(
        plan, samples=samples, batch_size=size // replicas, drop_remainder=False, batches=parts
    )
