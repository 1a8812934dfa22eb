"""Turns in given proportions: whose turn it is at any place, and how often it was before."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Turns", "as_weights", "fair_turns", "whole_weights"]

Positions = npt.NDArray[np.int64]

LONGEST = 1 << 16
"""Turns after which they repeat, at most: weights are exact if that allows, else so near."""


def as_weights(weights: Any, count: int, called: str, of: str) -> list[float]:
    """Return weights, by default equal ones.

    Raises
    ------
    ValueError
        If there is not one for each, one is no number from 0 on, or all are 0.

    Examples
    --------
    >>> as_weights(None, 2, "weights=", "dataset"), as_weights([3, 1], 2, "weights=", "dataset")
    ([1.0, 1.0], [3.0, 1.0])
    """
    if weights is None:
        return [1.0] * count
    array = np.asarray(weights)
    if array.dtype.kind not in "iufb" or array.shape != (count,):
        message = (
            f"{called}: expected a number for each of {count:,} {of}; got {array.dtype} of shape "
            f"{array.shape}"
        )
        raise ValueError(message)
    found = [float(weight) for weight in array]
    for place, weight in enumerate(found):
        if not (0 <= weight < math.inf):
            message = f"{called}: expected weights from 0 on; got {weight} for number {place}"
            raise ValueError(message)
    if not any(found):
        message = f"{called}: all weights are 0, so nothing would be chosen; expected one above 0"
        raise ValueError(message)
    return found


def whole_weights(weights: Sequence[float]) -> tuple[int, ...]:
    """Return whole numbers in the proportions of weights, exactly if their sum can be small.

    Examples
    --------
    >>> whole_weights([0.7, 0.2, 0.1]), whole_weights([1 / 3, 2 / 3]), whole_weights([5, 0])
    ((7, 2, 1), (1, 2), (1, 0))
    """
    total = math.fsum(weights)
    shares = [weight / total for weight in weights]
    near = [Fraction(share).limit_denominator(10_000) for share in shares]
    exact = sum(near) == 1 and all(
        math.isclose(one, share, rel_tol=1e-12, abs_tol=0)
        for one, share in zip(near, shares, strict=True)
    )
    common = math.lcm(*(one.denominator for one in near))
    if exact and common <= LONGEST:
        return tuple(int(one * common) for one in near)
    # The largest remainders are rounded up, but nobody who has a weight is left out.
    quotas = [share * LONGEST for share in shares]
    found = [max(int(quota), quota > 0) for quota in quotas]
    by_remainder = sorted(range(len(quotas)), key=lambda i: found[i] - quotas[i])
    for place in by_remainder[: max(LONGEST - sum(found), 0)]:
        found[place] += 1
    return tuple(map(int, found))


class Turns:
    """Turns of several, repeated without end.

    Parameters
    ----------
    which : ndarray of int64
        Whose turn it is, until they repeat.
    count : int
        How many there are to have turns.

    Examples
    --------
    >>> turns = Turns(np.array([0, 0, 1, 0]), 2)
    >>> [values.tolist() for values in turns.at(np.array([0, 5, 6]))]
    [[0, 0, 1], [0, 4, 1]]
    """

    def __init__(self, which: Positions, count: int) -> None:
        self.which = which
        self.period = len(which)
        self.weights = np.bincount(which, minlength=count).astype(np.int64, copy=False)
        order = np.argsort(which, kind="stable")
        begins = np.cumsum(self.weights) - self.weights
        self._before = np.empty(self.period, np.int64)
        self._before[order] = np.arange(self.period) - np.repeat(begins, self.weights)

    def at(self, positions: Positions) -> tuple[Positions, Positions]:
        """Return whose turn it is at each position, and how many turns that one had before."""
        rounds, within = np.divmod(positions, self.period)
        which = self.which[within]
        return which, rounds * self.weights[which] + self._before[within]

    def counts(self, turns: int) -> list[int]:
        """Return how many of the first so many turns each has."""
        rounds, within = divmod(turns, self.period)
        part = np.bincount(self.which[:within], minlength=len(self.weights)).tolist()
        whole = self.weights.tolist()
        return [rounds * each + more for each, more in zip(whole, part, strict=True)]

    def place(self, who: int, turn: int) -> int:
        """Return the position of somebody's turn, counted from 0."""
        rounds, within = divmod(turn, int(self.weights[who]))
        return rounds * self.period + int(np.flatnonzero(self.which == who)[within])

    def without(self, who: int, position: int) -> Turns:
        """Return the turns from a position on, those of one left out."""
        begin = position % self.period
        behind = np.concatenate([self.which[begin:], self.which[:begin]])
        return Turns(behind[behind != who], len(self.weights))


def fair_turns(weights: Sequence[int]) -> Turns:
    """Return turns in whole-numbered proportions, as even as can be.

    After any number of turns nobody has had one more, or one less, than the share of them. So of
    the turns of any window, wherever it begins, each has the share to less than two; and exactly
    where the window has a multiple of the sum of the weights.

    Examples
    --------
    >>> fair_turns([3, 1]).which.tolist()
    [0, 0, 0, 1]

    References
    ----------
    N. Brauner, Y. Crama, "The maximum deviation just-in-time scheduling problem", Discrete Applied
    Mathematics 134 (2004), 25-50: unit tasks with release and due times, the earliest due first.
    """
    common = math.gcd(*weights)
    weights = [weight // common for weight in weights]
    period = sum(weights)
    found = np.empty(period, np.int64)
    waiting = [(1, who, 0) for who, weight in enumerate(weights) if weight]
    due: list[tuple[int, int, int]] = []
    for turn in range(1, period + 1):
        while waiting and waiting[0][0] <= turn:
            _, who, had = heapq.heappop(waiting)
            heapq.heappush(due, (-(-(had + 1) * period // weights[who]), who, had))
        _, who, had = heapq.heappop(due)
        found[turn - 1] = who
        heapq.heappush(waiting, ((had + 1) * period // weights[who] + 1, who, had + 1))
    return Turns(found, len(weights))
