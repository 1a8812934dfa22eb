"""A sampler that draws: each sample as likely as its weight says, again and again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan import rng
from samebytes.plan.block_permutation import permute
from samebytes.plan.epoch_groups import by_epoch
from samebytes.plan.index_tables import digest_of
from samebytes.plan.samplers import Permute, Place, Positions, Sampler

__all__ = ["Weighted", "Weights", "as_sample_weights"]

WEIGHT_STREAM = 0xFFFB
"""The stream that samples are drawn from; transforms number theirs from 0."""


class Weights:
    """A weight for each sample, added up: 8 bytes each.

    Parameters
    ----------
    weights : ndarray of float64
        From 0 on, and not all 0.
    """

    def __init__(self, weights: npt.NDArray[np.float64]) -> None:
        self.ends = np.cumsum(weights)

    @cached_property
    def text(self) -> str:
        """How many, and a digest: the key of a state."""
        return f"{len(self.ends):,} ({digest_of(self.ends)})"

    def at(self, units: npt.NDArray[np.float64]) -> Positions:
        """Return the sample whose share of the weights each number from 0 to 1 falls into."""
        found = np.searchsorted(self.ends, units * self.ends[-1], "right")
        # Rounding may reach the end, behind which, as behind every other, those of no weight lie.
        last = int(np.searchsorted(self.ends, self.ends[-1], "left"))
        chosen: Positions = np.minimum(found, last)
        return chosen

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same."""
        return isinstance(other, Weights) and self.text == other.text

    def __hash__(self) -> int:
        """Return a hash of the weights."""
        return hash(self.text)


@dataclass(frozen=True)
class Weighted:
    """Samples drawn with replacement, in each epoch other ones."""

    parent: Sampler
    weights: Weights
    seed: int

    @property
    def length(self) -> int:
        """As many draws as there are samples."""
        return len(self.weights.ends)

    @property
    def text(self) -> str:
        """What decides about the draws."""
        return f"weighted({self.weights.text}, seed={self.seed})"

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return the sample that was drawn for each position."""
        units = np.empty(len(positions))
        for epoch, mine in by_epoch(epochs):
            drawn = rng.uniform(self.seed, epoch, positions[mine], WEIGHT_STREAM, 1)
            units[mine] = drawn[:, 0]
        return self.parent.locate(epochs, self.weights.at(units), permute)


def as_sample_weights(given: Any, length: int) -> Weights:
    """Return a weight for each sample, added up.

    Raises
    ------
    ValueError
        If there is not one for each, one is no number from 0 on, or all are 0.
    TypeError
        If they are no numbers.
    """
    array = np.asarray(given)
    if array.dtype.kind not in "iufb":
        message = f"weighted(weights): expected numbers; got an array of {array.dtype}"
        raise TypeError(message)
    if array.shape != (length,):
        message = (
            f"weighted(weights): expected one for each of the {length:,} samples, the shape "
            f"({length},); got {array.shape}"
        )
        raise ValueError(message)
    weights = array.astype(np.float64)
    wrong = ~((weights >= 0) & (weights < math.inf))
    if wrong.any():
        place = int(wrong.argmax())
        message = (
            f"weighted(weights): expected weights from 0 on; got {weights[place]} for sample "
            f"{place:,}"
        )
        raise ValueError(message)
    if not weights.any():
        message = "weighted(weights): all weights are 0, so nothing could be drawn"
        raise ValueError(message)
    return Weights(weights)
