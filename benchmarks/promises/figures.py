"""How promises are measured: in turn, in one process, medians, and never a lone figure."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from samebytes.measure.memory import PeakMeter

__all__ = ["Figure", "Run", "in_turn", "measured", "print_figures"]


@dataclass(frozen=True)
class Run:
    """One measured call: its seconds, and how far resident memory rose."""

    seconds: float
    extra_bytes: int


@dataclass(frozen=True)
class Figure:
    """A measured figure beside the one it must reach.

    Attributes
    ----------
    what : str
        What was measured, with its unit.
    value, bound : float
        Measured, and promised.
    at_least : bool
        Whether the promise is a floor (a ratio of speeds) or a ceiling (time, memory).
    """

    what: str
    value: float
    bound: float
    at_least: bool = False

    @property
    def reached(self) -> bool:
        """Whether the promise was kept in this run."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        """Return one line: verdict, figure, bound."""
        sign = "≥" if self.at_least else "≤"
        mark = "reached" if self.reached else "MISSED "
        return f"  {mark}  {self.what:<66} {self.value:>9.3g}   ({sign} {self.bound:g})"


def measured(call: Callable[[], Any], check: Callable[[Any], bool]) -> Run:
    """Return the time and memory of one call whose result passes `check`."""
    gc.collect()
    meter = PeakMeter()
    start = time.perf_counter()
    result = call()
    seconds = time.perf_counter() - start
    extra = meter.extra_bytes()
    assert check(result), call
    return Run(seconds, extra)


def in_turn(
    repeats: int, *contenders: tuple[Callable[[], Any], Callable[[Any], bool]]
) -> list[Run]:
    """Return a contender's median seconds and memory, in turn so that noise is shared."""
    runs: list[list[Run]] = [[] for _ in contenders]
    for _ in range(repeats):
        for kept, (call, check) in zip(runs, contenders, strict=True):
            kept.append(measured(call, check))
    return [
        Run(
            statistics.median(run.seconds for run in kept),
            int(statistics.median(run.extra_bytes for run in kept)),
        )
        for kept in runs
    ]


def print_figures(title: str, figures: list[Figure]) -> bool:
    """Print the figures under a title and tell whether all were reached."""
    print(title)
    for figure in figures:
        print(figure)
    return all(figure.reached for figure in figures)
