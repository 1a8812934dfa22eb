"""What one turn of anyone took: by the clock, of the processor, and from the disk."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.process_group import members, processor_seconds
from benchmarks.peers.turns import copied
from benchmarks.storage.result import Turn

__all__ = ["CHECKED", "Pace", "Watch", "count_threads", "forever", "pull"]

CHECKED = 2
"""Batches, the first ones, that are looked at."""

_GLANCE = 0.005


@dataclass(frozen=True)
class Pace:
    """How long a turn is.

    Attributes
    ----------
    lead : float
        Seconds at the beginning that do not count: queues fill, and what is compiled or traced is.
    seconds : float
        Those that count.
    """

    lead: float
    seconds: float


class Watch:
    """Counts from where it is made to where it is stopped."""

    def __init__(self) -> None:
        self._disk, self._cpu = _read_from_disk(), processor_seconds()
        self._wall = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Return how long it has run."""
        return time.perf_counter() - self._wall

    def stop(self, samples: int, **counts: float) -> Turn:
        """Return the turn in which so many samples were made."""
        wall = self.seconds
        cpu, disk = processor_seconds() - self._cpu, _read_from_disk() - self._disk
        return Turn(samples, wall, cpu, disk, counts)


def _read_from_disk() -> int:
    """Return what this process and its workers had the disk read."""
    return sum(_read_by(process) for process in members(os.getpgrp()))


def _read_by(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/io").read_text().splitlines()
    except OSError:
        return 0  # it is gone, or this system does not tell
    parted = (line.partition(": ") for line in lines)
    return next((int(value) for name, _, value in parted if name == "read_bytes"), 0)


def forever(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield epoch after epoch of what can be iterated over again."""
    while True:
        yield from batches


def pull(
    batches: Iterator[Any],
    pace: Pace,
    check: Callable[[list[Any]], None],
    size: Callable[[Any], int] = len,
) -> Turn:
    """Take batches as fast as they come; look at the first ones when the time is over.

    Parameters
    ----------
    batches : iterator
        Without an end.
    pace : Pace
        How long.
    check : callable
        Called with the first batches, copied; raises `WrongBatchError`.
    size : callable
        Returns how many samples a batch has.
    """
    begin = time.perf_counter()
    first = [copied(next(batches)) for _ in range(CHECKED)]
    while time.perf_counter() - begin < pace.lead:
        next(batches)
    watch, end, count = Watch(), time.perf_counter() + pace.seconds, 0
    while time.perf_counter() < end:
        count += size(next(batches))
    turn = watch.stop(count)
    check(first)
    return turn


def count_threads(threads: int, work: Callable[[int, Count], None], pace: Pace) -> Turn:
    """Have threads work side by side, and return what they counted.

    Parameters
    ----------
    threads : int
        How many.
    work : callable
        Called in each with its number and a `Count`, to which it adds until that is over.
    pace : Pace
        How long.
    """
    counts = [Count() for _ in range(threads)]

    def run(number: int) -> None:
        try:
            work(number, counts[number])
        except BaseException as failure:  # noqa: BLE001 (raised again when all have ended)
            counts[number].failure = failure

    workers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    _look_for(pace.lead, counts)
    watch, before = Watch(), sum(count.samples for count in counts)
    _look_for(pace.seconds, counts)
    turn = watch.stop(sum(count.samples for count in counts) - before)
    for count in counts:
        count.over = True
    for worker in workers:
        worker.join()
    for count in counts:
        if count.failure is not None:
            raise count.failure
    return turn


class Count:
    """What one thread counts.

    Attributes
    ----------
    samples : int
        So far.
    over : bool
        Whether it is to end.
    failure : BaseException, optional
        What it ended with.
    """

    def __init__(self) -> None:
        self.samples = 0
        self.over = False
        self.failure: BaseException | None = None


def _look_for(seconds: float, counts: list[Count]) -> None:
    """Wait, unless a thread has failed."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end and not any(count.failure for count in counts):
        time.sleep(_GLANCE)
