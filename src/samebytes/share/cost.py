"""What a copy costs on this machine: measured when an estimate is first asked for, then kept.

Measuring takes memory and time (32 MiB and 10 ms), so nothing that only decides asks for it.
"""

from __future__ import annotations

import functools
import statistics
import time

import numpy as np

from samebytes.memory.aligned import empty
from samebytes.memory.gather import gather
from samebytes.share.strings import as_utf8

__all__ = [
    "gather_bandwidth",
    "milliseconds_to_encode",
    "milliseconds_to_gather",
    "seconds_a_string",
]


def milliseconds_to_gather(nbytes: int) -> float:
    """Return how long one gather of `nbytes` takes here; the first call measures the machine."""
    return nbytes / gather_bandwidth() * 1e3 if nbytes else 0.0


def milliseconds_to_encode(count: int) -> float:
    """Return how long encoding `count` short strings takes here; the first call measures it."""
    return count * seconds_a_string() * 1e3 if count else 0.0


@functools.cache
def gather_bandwidth() -> float:
    """Return the bytes a second a gather into fresh memory reaches here, measured once (10 ms)."""
    source = empty(16 << 20, np.uint8)
    source[...] = 1
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        gather(source, empty(source.shape, source.dtype))
        seconds.append(time.perf_counter() - start)
    return source.nbytes / statistics.median(seconds)


@functools.cache
def seconds_a_string() -> float:
    """Return how long encoding one short string takes here, measured once (1 ms)."""
    strings = np.full(1000, "sixteen letters.")
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        as_utf8(strings)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) / strings.size
