"""Measures one way of one job, in a process of its own, whose memory is limited.

``python -m benchmarks.storage.child JOB WAY PATH SECONDS FOLDER``; prints samples a second.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import samebytes as sb
from benchmarks.storage.jobs import JOBS, Job
from benchmarks.storage.memory_limit import MemoryLimit
from samebytes.engine.kernels.storage import read_ranges
from samebytes.memory.addresses import address_of

WARM_UP = 1.0
BARE_THREADS = 8


def rate(taken: Callable[[], int], seconds: float) -> float:
    """Return how many samples a second `taken` counts, after a second of warming up."""
    begin = time.perf_counter()
    before, started = 0, begin
    while (now := time.perf_counter()) - begin < WARM_UP + seconds:
        if before == 0 and now - begin >= WARM_UP:
            before, started = taken(), now
        time.sleep(0.01)
    return (taken() - before) / (time.perf_counter() - started)


def feed(dataset: sb.Dataset, seconds: float) -> float:
    """Return how many samples a second a dataset gives."""
    count, begin, started, before = 0, time.perf_counter(), 0.0, 0
    for batch in dataset.repeat():
        count += len(batch)
        now = time.perf_counter()
        if not started and now - begin >= WARM_UP:
            started, before = now, count
        if started and now - started >= seconds:
            break
    return (count - before) / (time.perf_counter() - started)


def numpy(job: Job, path: Path, seconds: float) -> float:
    """Return how many samples a second are copied out of ``np.memmap``, one by one."""
    source = np.memmap(path, np.uint8, "r")
    count = [0]
    done = threading.Event()

    def work() -> None:
        for starts in job.offsets(len(source)):
            for start in starts.tolist():
                np.array(source[start : start + job.sample_bytes])
                count[0] += 1
                if done.is_set():
                    return

    thread = threading.Thread(target=work)
    thread.start()
    found = rate(lambda: count[0], seconds)
    done.set()
    thread.join()
    return found


def bare(job: Job, path: Path, seconds: float, *, threads: int = BARE_THREADS) -> float:
    """Return how many samples a second are read by `pread` alone, by several threads."""
    file = os.open(path, os.O_RDONLY)
    if job.name != JOBS["in order"].name:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
    batches: Iterator[np.ndarray] = job.offsets(path.stat().st_size)
    counts, taking, done = [0] * threads, threading.Lock(), threading.Event()

    def work(number: int) -> None:
        memory = np.empty(job.sample_bytes, np.uint8)
        address = address_of(memory)
        while not done.is_set():
            with taking:
                starts = next(batches, None)
            if starts is None:
                return
            for part in np.array_split(starts, max(1, len(starts) // 16)):
                one = np.ones(len(part), np.int64)
                found = read_ranges(
                    np.full(len(part), file, np.int32), part, one * address, one * len(memory)
                )
                if found[0] != -1:
                    message = f"a bare read failed: {found}"
                    raise OSError(message)
                counts[number] += len(part)
                if done.is_set():
                    return

    none = np.zeros(0, np.int64)
    read_ranges(none.astype(np.int32), none, none, none)  # compiled before the clock runs
    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    found = rate(lambda: sum(counts), seconds)
    done.set()
    for worker in workers:
        worker.join()
    os.close(file)
    return found


def main() -> None:
    """Measure, and print."""
    name, way, path, seconds, folder = sys.argv[1:]
    MemoryLimit(Path(folder)).enter()
    job, file = JOBS[name], Path(path)
    descriptor = os.open(file, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
    if way == "bare":
        found = bare(job, file, float(seconds))
    elif way == "np.memmap":
        found = numpy(job, file, float(seconds))
    else:
        found = feed(job.dataset(file).with_options(reader=way), float(seconds))
    print(found)


if __name__ == "__main__":
    main()
