"""Bare reads of exactly the bytes that samples need: ``pread``, by several threads."""

from __future__ import annotations

import os

import numpy as np

from benchmarks.peers.jobs.job import require
from benchmarks.storage.content import bytes_at
from benchmarks.storage.measured import Count, count_threads
from benchmarks.storage.patterns.pattern import HEADER, ArrayPattern, Offsets
from benchmarks.storage.result import Role, Turn
from benchmarks.storage.way import Task, Way
from benchmarks.storage.ways.upcoming import Upcoming
from samebytes.engine.kernels.storage import read_ranges
from samebytes.memory.addresses import address_of

__all__ = ["BARE"]

CALL_BYTES = 1 << 20
"""Bytes that one call without the interpreter's lock reads, about."""

MOST_RANGES = 128


def _bare(threads: int) -> Way:
    return Way(
        f"bare-{threads}",
        f"bare reads, {threads} threads",
        Role.BARE,
        "pread of exactly the bytes that each sample needs, into memory that is used again; "
        "POSIX_FADV_RANDOM, so that nothing is read ahead",
        lambda task: _run(task, threads),
    )


def _run(task: Task, threads: int) -> Turn:
    pattern: ArrayPattern = task.pattern
    file = os.open(task.source, os.O_RDONLY)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
    most = max(1, min(CALL_BYTES // pattern.sample_bytes, MOST_RANGES))
    upcoming = Upcoming(pattern, os.fstat(file).st_size - HEADER, most)
    none = np.zeros(0, np.int64)
    read_ranges(none.astype(np.int32), none, none, none)  # compiled before the clock runs
    seen: list[tuple[Offsets, np.ndarray]] = []

    def work(_: int, count: Count) -> None:
        memory = np.empty((most, pattern.sample_bytes), np.uint8)
        targets = address_of(memory) + np.arange(most) * pattern.sample_bytes
        first = True
        while not count.over:
            starts = upcoming.take()
            number, error, _ = read_ranges(
                np.full(len(starts), file, np.int32),
                starts + HEADER,
                targets[: len(starts)],
                np.full(len(starts), pattern.sample_bytes),
            )
            if number != -1:
                raise OSError(error, os.strerror(error), task.source)
            count.samples += len(starts)
            if first:
                seen.append((starts, memory[: len(starts)].copy()))
                first = False

    turn = count_threads(threads, work, task.pace)
    os.close(file)
    for starts, found in seen:
        right = np.array_equal(found, bytes_at(starts, pattern.sample_bytes))
        require(right, "wrong bytes in a bare read")
    return turn


BARE = tuple(_bare(threads) for threads in (4, 8, 16, 32))
