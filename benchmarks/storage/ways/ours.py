"""samebytes, with its defaults, and with other readers."""

from __future__ import annotations

from typing import Any

import samebytes as sb
from benchmarks.storage.measured import pull
from benchmarks.storage.patterns.chunks import ChunkedCrops
from benchmarks.storage.result import Role, Turn
from benchmarks.storage.way import Task, Way

__all__ = ["CHUNKED", "OURS", "READERS", "feed"]

DEFAULTS = "defaults: as many threads as cores, batches made ahead"


def feed(dataset: sb.Dataset, task: Task) -> Turn:
    """Take batches of a dataset."""
    batches = dataset.repeat().iterate()
    pattern = task.pattern

    def check(first: list[Any]) -> None:
        pattern.check(first, task.source)

    turn = pull(batches, task.pace, check, pattern.size)
    stats = batches.stats()
    batches.close()
    turn.counts.update(
        bytes_asked=stats.bytes_asked,
        bytes_useful=stats.bytes_useful,
        faults=stats.faults,
        failed_advice=stats.failed_advice,
        seconds_waiting=stats.seconds_waiting,
        seconds_waiting_for_storage=stats.seconds_waiting_for_storage,
    )
    return turn


def _feed(task: Task, reader: str) -> Turn:
    dataset = task.pattern.dataset(task.source, task.memory_bytes)
    return feed(dataset.with_options(reader=reader), task)


def _feed_chunks(task: Task) -> Turn:
    pattern: ChunkedCrops = task.pattern
    turn = feed(pattern.dataset(task.source, task.memory_bytes), task)
    pattern.check_decoded_once(task.source, task.memory_bytes)
    return turn


def _ours(reader: str, name: str, settings: str) -> Way:
    return Way(reader, name, Role.OURS, settings, lambda task: _feed(task, reader))


OURS = _ours("auto", "samebytes", DEFAULTS)

READERS = (
    OURS,
    _ours("read", "samebytes, reader='read'", "exact ranges are read into memory of its own"),
    _ours("map", "samebytes, reader='map'", "page faults, as before there were readers"),
)

CHUNKED = Way(
    "auto",
    "samebytes",
    Role.OURS,
    f"{DEFAULTS}; blocks of the shuffle are chunks. Each chunk is decoded once a window, which is "
    "looked at when the clock has stopped",
    _feed_chunks,
)
