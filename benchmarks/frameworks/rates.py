"""Contenders in turn, in one process: elements a second, compared round by round."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.promises.figures import Figure

__all__ = ["Rates", "at_least", "rates"]

ROUNDS = 25
SECONDS = 0.3
"""How long a contender runs in a round, about: enough for its start not to count.

Short rounds, so that what else the machine does falls on neighbours alike.
"""

Contender = Callable[[], Iterable[Any]]
Rates = dict[str, list[float]]


def rates(
    contenders: dict[str, Contender], unit: str, each: int, check: Callable[[Any], object]
) -> Rates:
    """Return the elements a second of each contender in each round; and print their medians.

    Parameters
    ----------
    contenders : dict of callable
        Each begins an epoch.
    unit : str
        What an element is.
    each : int
        How many are in a batch.
    check : callable
        Refuses the last batch of the first and the last round if it is not what was asked for.
    """
    measured: Rates = {name: [] for name in contenders}
    cost: Rates = {name: [] for name in contenders}
    for number in range(ROUNDS + 1):
        for name, start in contenders.items():
            begin, cpu, count, last = time.perf_counter(), time.process_time(), 0, None
            while time.perf_counter() - begin < SECONDS:
                for batch in start():
                    count += each
                    last = batch
                    if time.perf_counter() - begin > SECONDS:
                        break
            if number:  # the first round compiles, traces and touches pages
                measured[name].append(count / (time.perf_counter() - begin))
                cost[name].append((time.process_time() - cpu) / count * each * 1e6)
            if number in {0, ROUNDS}:  # not between neighbours: it takes their place in the caches
                check(last)
    for name, several in measured.items():
        print(
            f"  {name:<44} {statistics.median(several):>13,.0f} {unit}/s "
            f"({min(several):,.0f} to {max(several):,.0f}), "
            f"{statistics.median(cost[name]):,.0f} CPU µs a batch in this process"
        )
    return measured


def at_least(found: Rates, what: str, name: str, other: str, bound: float) -> Figure:
    """Return how many times another's rate one reaches, the median over rounds, and the bound."""
    ratios = [mine / theirs for mine, theirs in zip(found[name], found[other], strict=True)]
    return Figure(what, statistics.median(ratios), bound, at_least=True)
