"""A file that is in memory, fed by two readers and beside an array: pairs in turn, one process."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from benchmarks.storage.measured import Pace, Watch, pull
from benchmarks.storage.result import Role, Turn
from benchmarks.storage.way import Task, Way

__all__ = ["WARM", "run_together"]

SLICE = 0.2
"""Seconds of one before it is another's turn."""


def run_together(task: Task) -> dict[str, Turn]:
    """Return a turn of each, made of many short ones that take turns.

    Each turn counts how it stands beside ``map``, as the median over its short ones: what slows the
    machine down for a second slows both of a pair.
    """
    pattern = task.pattern
    images = pattern.open(task.source)
    touched = np.asarray(images)[:, ::8].sum()  # so that each page is in memory
    of_file, in_memory = (
        pattern.cropped(each, task.memory_bytes) for each in (images, np.array(images))
    )
    running = {
        "map": of_file.with_options(reader="map").repeat().iterate(),
        "auto": of_file.repeat().iterate(),
        "memory": in_memory.repeat().iterate(),
    }
    found: dict[str, list[Turn]] = {name: [] for name in running}

    def check(first: list[Any]) -> None:
        pattern.check(first, task.source)

    for batches in running.values():
        pull(batches, Pace(task.pace.lead, 0), check)
    for number in range(max(3, round(len(running) * task.pace.seconds / SLICE))):
        names = list(running)
        # Whoever follows whom changes.
        for name in names[number % 3 :] + names[: number % 3]:
            found[name].append(_taken(running[name]))
    readers = {name: batches.stats().reader for name, batches in running.items()}
    for batches in running.values():
        batches.close()
    if not readers["auto"].startswith("map") or touched == 0:
        message = f"expected the reader 'map' for a file in memory, got {readers['auto']}"
        raise RuntimeError(message)
    return {name: _together(turns, found["map"]) for name, turns in found.items()}


def _taken(batches: Any) -> Turn:
    next(batches)  # which was made in another's turn
    watch, count = Watch(), 0
    while watch.seconds < SLICE:
        count += len(next(batches))
    return watch.stop(count)


def _together(turns: list[Turn], beside: list[Turn]) -> Turn:
    ratios = (
        one.samples / one.seconds / (other.samples / other.seconds)
        for one, other in zip(turns, beside, strict=True)
    )
    return Turn(
        sum(turn.samples for turn in turns),
        sum(turn.seconds for turn in turns),
        sum(turn.cpu_seconds for turn in turns),
        sum(turn.disk_bytes for turn in turns),
        {"beside_map": statistics.median(ratios)},
    )


def _warm(key: str, name: str, role: Role, settings: str) -> Way:
    def run(task: Task) -> Turn:
        return run_together(task)[key]

    return Way(key, name, role, settings, run)


WARM = (
    _warm("map", "samebytes, reader='map'", Role.BARE, "the file as if it were memory"),
    _warm("auto", "samebytes", Role.OURS, "defaults, which have to choose the same reader"),
    _warm("memory", "samebytes, an array in memory", Role.OURS, "no file at all"),
)
