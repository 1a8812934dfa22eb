"""What the machine can write: the job's bytes by memset on all cores, and nothing else."""

from __future__ import annotations

import ctypes
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import samebytes as sb
from benchmarks.peers.contender import Contender
from benchmarks.peers.jobs import FULL
from benchmarks.peers.jobs.job import Job
from benchmarks.peers.result import Round
from benchmarks.peers.turns import timed
from samebytes.memory.cores import available_cores

__all__ = ["CONTENDERS", "limit_of"]

_BUFFERS = 5
"""As many as a pipeline has in flight, so that they do not just stay in the cache."""


@dataclass
class _Memset:
    job: Job

    def __post_init__(self) -> None:
        nbytes = self.job.item_bytes * self.job.batch_items
        self._buffers = [sb.zeros(nbytes, np.uint8) for _ in range(_BUFFERS)]

    def first_batches(self, _count: int) -> list[Any]:
        return []  # there is nothing to be right or wrong

    def run(self, lead: float, seconds: float) -> Round:
        self._write_for(lead)
        return timed(lambda: self._write_for(seconds))

    def _write_for(self, seconds: float) -> int:
        threads = available_cores()
        part = self.job.item_bytes * self.job.batch_items // threads
        counts = [0] * threads
        end = time.perf_counter() + seconds

        def write(number: int) -> None:
            while time.perf_counter() < end:
                buffer = self._buffers[counts[number] % _BUFFERS]
                ctypes.memset(buffer.ctypes.data + number * part, 1, part)
                counts[number] += 1

        workers = [threading.Thread(target=write, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return round(sum(counts) / threads * self.job.batch_items)


def _start(job: Job, _folder: Path) -> _Memset:
    return _Memset(job)


def limit_of(job: Job) -> Contender:
    """Return the contender that is the limit of `job`."""
    return next(each for each in CONTENDERS if each.job == job.key)


CONTENDERS = tuple(Contender(job.key, "memset", "memset", "all cores", _start) for job in FULL)
