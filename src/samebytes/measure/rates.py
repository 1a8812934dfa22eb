"""How fast inputs are with nothing behind them, measured in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from typing import Any

__all__ = ["as_rates_text", "rates_in_turn"]

ROUNDS = 3


def rates_in_turn(*inputs: Iterable[Any]) -> tuple[float, ...]:
    """Return how many samples a second each of `inputs` delivers.

    Parameters
    ----------
    *inputs : iterable of (x, y)
        Batches, iterated over some times, each in turn, so that a slow minute of the machine
        is no one's alone.

    Returns
    -------
    tuple of float
        Medians of the rounds, but for the first, which compiles and traces.
    """
    rates: list[list[float]] = [[] for _ in inputs]
    for number in range(ROUNDS + 1):
        for kept, batches in zip(rates, inputs, strict=True):
            start = time.perf_counter()
            count = sum(len(targets) for _, targets in batches)
            if number:
                kept.append(count / (time.perf_counter() - start))
    return tuple(statistics.median(kept) for kept in rates)


def as_rates_text(what: str, ours: float, name: str, stock: float) -> str:
    """Say two rates beside each other.

    Examples
    --------
    >>> as_rates_text("images", 3000.0, "tf.data alone", 1200.0)
    '3,000 images a second; tf.data alone 1,200 (2.5 times as fast, medians in turn)'
    """
    return (
        f"{ours:,.0f} {what} a second; {name} {stock:,.0f} "
        f"({ours / stock:.1f} times as fast, medians in turn)"
    )
