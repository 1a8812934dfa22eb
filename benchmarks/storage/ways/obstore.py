"""Ranges from an HTTP server by obstore alone, of exactly the bytes that samples need."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import numpy as np

from benchmarks.peers.jobs.job import require
from benchmarks.storage.content import bytes_at
from benchmarks.storage.measured import Count, count_threads
from benchmarks.storage.patterns.pattern import HEADER, Offsets
from benchmarks.storage.result import Role, Turn
from benchmarks.storage.way import Task, Way
from benchmarks.storage.ways.upcoming import Upcoming

__all__ = ["OBSTORE"]


def _run(task: Task, threads: int, ranges: int) -> Turn:
    import obstore
    from obstore.store import HTTPStore

    url, pattern = urlsplit(task.source), task.pattern
    path = url.path.lstrip("/")
    store = HTTPStore.from_url(f"{url.scheme}://{url.netloc}", client_options={"allow_http": True})
    upcoming = Upcoming(pattern, obstore.head(store, path)["size"] - HEADER, ranges)
    seen: list[tuple[Offsets, list[Any]]] = []

    def work(_: int, count: Count) -> None:
        while not count.over:
            starts = upcoming.take()
            found = obstore.get_ranges(
                store,
                path,
                starts=(starts + HEADER).tolist(),
                lengths=[pattern.sample_bytes] * len(starts),
                coalesce=0,
            )
            if count.samples == 0:
                seen.append((starts, found))
            count.samples += len(found)

    turn = count_threads(threads, work, task.pace)
    for starts, found in seen:
        for start, read in zip(starts, found, strict=True):
            expected = bytes_at(np.array([start]), pattern.sample_bytes)[0]
            right = np.array_equal(np.frombuffer(read, np.uint8), expected)
            require(right, f"wrong bytes in the range at {start:,}")
    return turn


def _obstore(threads: int, ranges: int) -> Way:
    return Way(
        f"obstore-{threads}x{ranges}",
        f"bare obstore, {threads} threads x {ranges} ranges",
        Role.BARE,
        f"get_ranges of {ranges} ranges a call, {threads} calls at a time, nothing joined",
        lambda task: _run(task, threads, ranges),
    )


OBSTORE = tuple(_obstore(*each) for each in ((1, 64), (2, 16), (4, 8), (8, 4), (16, 1)))
