"""What a contender does when it is its turn: batches taken, or threads that write, for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from benchmarks.peers.jobs.job import Job, WrongBatchError
from benchmarks.peers.process_group import processor_seconds
from benchmarks.peers.result import Round

__all__ = ["Pulling", "Turns", "copied", "timed"]


@runtime_checkable
class Turns(Protocol):
    """Someone who can be told to work for about so long."""

    def first_batches(self, count: int) -> list[Any]:
        """Return the first batches, copied, to be looked at."""

    def run(self, lead: float, seconds: float) -> Round:
        """Work for `lead` seconds that do not count, then for about `seconds` that do."""


@dataclass
class Pulling:
    """Whoever gives batches to one who takes them as fast as they come.

    Epochs go on across turns: what starting an epoch costs is paid where it falls.
    """

    batches: Iterable[Any]
    job: Job

    def __post_init__(self) -> None:
        self._running: Iterator[Any] = iter(())

    def first_batches(self, count: int) -> list[Any]:
        """Return the first batches, each copied before the next is asked for."""
        return [copied(self._next()) for _ in range(count)]

    def run(self, lead: float, seconds: float) -> Round:
        """Take batches for `lead` seconds that do not count, then for `seconds` that do."""
        self._take_for(lead)
        return timed(lambda: self._take_for(seconds))

    def _take_for(self, seconds: float) -> int:
        end, count = time.perf_counter() + seconds, 0
        items = self.job.items
        while time.perf_counter() < end:
            count += items(self._next())
        return count

    def _next(self) -> Any:
        for _ in range(2):
            for batch in self._running:
                return batch
            self._running = iter(self.batches)
        message = "gave no batch at all"
        raise WrongBatchError(message)


def timed(work: Callable[[], int]) -> Round:
    """Return what `work`, which returns how many items it made, took of clock and processor."""
    cpu, wall = processor_seconds(), time.perf_counter()
    items = work()
    wall, cpu = time.perf_counter() - wall, processor_seconds() - cpu
    return Round(items, wall, cpu)


def copied(batch: Any) -> Any:
    """Return a batch of any framework in NumPy's arrays that nobody else writes to."""
    if isinstance(batch, tuple | list):
        return tuple(copied(part) for part in batch)
    return np.array(batch)
