"""The file as fast as the disk gives it: from its begin to its end, and in shuffled blocks."""

from __future__ import annotations

import itertools
import mmap
import os

import numpy as np

from benchmarks.peers.jobs.job import require
from benchmarks.storage.content import bytes_at
from benchmarks.storage.measured import Count, count_threads
from benchmarks.storage.patterns.pattern import HEADER
from benchmarks.storage.result import Role, Turn
from benchmarks.storage.way import Task, Way

__all__ = ["BLOCKS", "DIRECT"]


def _direct(threads: int, mebibytes: int) -> Way:
    return Way(
        f"direct-{threads}x{mebibytes}",
        f"direct sequential read, {threads} x {mebibytes} MiB",
        Role.BARE,
        f"preadv with O_DIRECT into aligned memory, {threads} requests of {mebibytes} MiB at a "
        "time, one behind the other in the file",
        lambda task: _run(task, threads, mebibytes << 20, os.O_DIRECT),
    )


def _blocks(threads: int) -> Way:
    return Way(
        f"blocks-{threads}",
        f"bare reads of blocks, {threads} threads",
        Role.BARE,
        "preadv of 2 MiB at places in random order; POSIX_FADV_RANDOM, so that nothing is read "
        "ahead",
        lambda task: _run(task, threads, 2 << 20, 0, shuffled=True),
    )


def _run(task: Task, threads: int, nbytes: int, flags: int, *, shuffled: bool = False) -> Turn:
    file = os.open(task.source, os.O_RDONLY | flags)
    # The last piece is left out: a direct read has to be of whole pages.
    pieces = os.fstat(file).st_size // nbytes
    require(pieces > 1, f"expected a file of more than {2 * nbytes:,} bytes")
    order = range(pieces)
    if shuffled:
        order = np.random.default_rng(1).permutation(pieces).tolist()
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
    numbers = itertools.cycle(order)  # whose steps no thread comes between
    seen: list[tuple[int, bytes]] = []

    def work(_: int, count: Count) -> None:
        memory, done = mmap.mmap(-1, nbytes), 0  # pages, as a direct read asks for
        while not count.over:
            offset = next(numbers) * nbytes
            found = os.preadv(file, [memory], offset)
            if found != nbytes:
                message = f"{found:,} bytes instead of {nbytes:,} at {offset:,}"
                raise OSError(message)
            if done == 0:
                seen.append((offset, memory[nbytes // 2 : nbytes // 2 + 4096]))
            done += nbytes
            count.samples = done // task.pattern.sample_bytes

    turn = count_threads(threads, work, task.pace)
    os.close(file)
    for offset, read in seen:
        expected = bytes_at(np.array([offset + nbytes // 2 - HEADER]), len(read))[0]
        require(read == expected.tobytes(), "wrong bytes in a sequential read")
    return turn


DIRECT = (
    *(_direct(threads, mebibytes) for threads, mebibytes in ((1, 8), (4, 4), (8, 4), (16, 1))),
    Way(
        "sequential",
        "sequential read, buffered",
        Role.BARE,
        "preadv of 1 MiB by one thread, through the system's cache and its read-ahead",
        lambda task: _run(task, 1, 1 << 20, 0),
    ),
)

BLOCKS = tuple(_blocks(threads) for threads in (4, 16))
