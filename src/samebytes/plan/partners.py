"""With which other sample each one is mixed: drawn by (seed, epoch, sample), from all there are.

Not from the same batch: so what a sample is mixed with depends neither on the size of batches nor
on the number of processes, and a state that is resumed goes on with the same partners.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import lgamma

import numpy as np
import numpy.typing as npt

from samebytes.plan.affine import Floats
from samebytes.plan.block_permutation import permute
from samebytes.plan.rank_slice import RankSlice
from samebytes.plan.samplers import Permute, Repeat, Sampler, Shuffle

__all__ = ["Partners", "beta", "order_of_partners"]

Indices = npt.NDArray[np.int64]
Weights = Callable[[Floats, int, int], tuple[Floats, Indices]]

GRID = 1 << 14


@dataclass(frozen=True)
class Partners:
    """What a step that mixes samples knows of the others.

    Attributes
    ----------
    order : Sampler
        What partners are drawn from.
    height, width : int
        Of the images that are mixed.
    """

    order: Sampler
    height: int
    width: int

    def of(
        self, epochs: Indices, units: Floats, permute: Permute = permute
    ) -> tuple[Indices, Indices]:
        """Return (epochs, samples) of the partners that draws in [0, 1) stand for."""
        positions = (units * (self.order.length or 1)).astype(np.int64)
        return self.order.locate(epochs, positions, permute)


def order_of_partners(order: Sampler) -> Sampler:
    """Return the samples of an epoch that all processes share, each of them once.

    Shuffles on top are left out: a random position of a random order is a random position.
    """
    whole = order
    while hasattr(order, "parent"):
        if isinstance(order, RankSlice | Repeat):
            whole = order.parent
        order = order.parent
    while isinstance(whole, Shuffle):
        whole = whole.parent
    return whole


@lru_cache(maxsize=16)
def _half(alpha: float) -> tuple[Floats, Floats]:
    """Return the distribution from 0 to 1/2 at points ``s``, where x is ``s ** (1 / least) / 2``.

    `least` is `alpha` or 1; so the density has no pole, and a sum of trapezoids is right.
    """
    least = min(alpha, 1.0)
    points = np.linspace(0, 1, GRID + 1)
    x = 0.5 * points ** (1 / least)
    constant = 2 * lgamma(alpha) - lgamma(2 * alpha)
    with np.errstate(divide="ignore"):
        rising = 0.0 if alpha <= 1 else (alpha - 1) * np.log(x)
    density = np.exp(rising + (alpha - 1) * np.log1p(-x) - constant)
    sums = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return points, sums * (0.5 / sums[-1])


def beta(alpha: float, units: Floats) -> Floats:
    """Return draws of the beta distribution with both parameters `alpha`, from draws in [0, 1).

    Examples
    --------
    >>> beta(1.0, np.array([0.0, 0.25, 0.5, 0.9])).round(6).tolist()
    [0.0, 0.25, 0.5, 0.9]
    """
    points, shares = _half(alpha)
    near = np.interp(np.minimum(units, 1 - units), shares, points)
    found = 0.5 * near ** (1 / min(alpha, 1.0))
    result: Floats = np.where(units < 0.5, found, 1 - found)
    return result
