"""What one call costs: milliseconds, and memory at its peak."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from samebytes.measure.memory import PeakMeter

__all__ = ["Measured", "MeasuredTwice", "measure", "measure_twice"]

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Measured(Generic[_Result]):
    """What a call gave, and what it cost.

    Attributes
    ----------
    result : object
        What the call returned.
    milliseconds : float
        By the wall clock.
    extra_bytes : int
        Resident memory at the peak, beyond that before the call.
    """

    result: _Result
    milliseconds: float
    extra_bytes: int


def measure(call: Callable[[], _Result]) -> Measured[_Result]:
    """Call once and return the result with its cost; warming up is the caller's business.

    Examples
    --------
    >>> measure(lambda: 6 * 7).result
    42
    """
    meter = PeakMeter()
    start = time.perf_counter()
    result = call()
    seconds = time.perf_counter() - start
    return Measured(result, seconds * 1e3, meter.extra_bytes())


@dataclass(frozen=True)
class MeasuredTwice(Generic[_Result]):
    """What two calls cost, the first and the next: they answer different questions.

    The first pays for fresh memory, which is slow where a virtual machine has never used it.
    The next may find what the first one left in the heap, so its time has no memory of its own.

    Attributes
    ----------
    result : object
        What the second call returned; the first's is let go before.
    first_milliseconds, again_milliseconds : float
        By the wall clock.
    extra_bytes : int
        Resident memory at the peak of the first call, beyond that before it.
    """

    result: _Result
    first_milliseconds: float
    again_milliseconds: float
    extra_bytes: int


def measure_twice(call: Callable[[], _Result]) -> MeasuredTwice[_Result]:
    """Call twice, and return the second result with what both calls cost.

    Examples
    --------
    >>> measure_twice(lambda: 6 * 7).result
    42
    """
    first = measure(call)
    milliseconds, extra_bytes = first.milliseconds, first.extra_bytes
    del first
    again = measure(call)
    return MeasuredTwice(again.result, milliseconds, again.milliseconds, extra_bytes)
