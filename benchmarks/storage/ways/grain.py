"""Grain over the mapped file: a random access source, its own shuffle, and its threads."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers.contender import GRAIN
from benchmarks.storage.measured import pull
from benchmarks.storage.patterns.images import InOrder
from benchmarks.storage.patterns.pattern import ArrayPattern
from benchmarks.storage.result import Role, Turn
from benchmarks.storage.way import Task, Way

__all__ = ["GRAIN_THREADS", "Samples"]

THREADS = 16
BUFFERED_BYTES = 64 << 20
MOST_BUFFERED = 500


class Samples:
    """Samples of a mapped file by their numbers, each copied out of it.

    Parameters
    ----------
    pattern : ArrayPattern
        Which samples.
    source : str
        The file.
    """

    def __init__(self, pattern: ArrayPattern, source: str) -> None:
        self._pattern, self._source = pattern, source
        self._array = pattern.mapped(source)

    def __len__(self) -> int:
        return self._pattern.count(len(self._array))

    def __getitem__(self, number: Any) -> Any:
        return np.array(self._pattern.sample(self._array, int(number)))


def _run(task: Task) -> Turn:
    import grain

    pattern: ArrayPattern = task.pattern
    samples = grain.MapDataset.source(Samples(pattern, task.source)).seed(0)
    ordered = samples if isinstance(pattern, InOrder) else samples.shuffle()
    buffered = max(THREADS, min(MOST_BUFFERED, BUFFERED_BYTES // pattern.sample_bytes))
    options = grain.ReadOptions(num_threads=THREADS, prefetch_buffer_size=buffered)
    batches = ordered.repeat().to_iter_dataset(options).batch(pattern.batch)
    return pull(iter(batches), task.pace, lambda first: pattern.check(first, task.source))


GRAIN_THREADS = Way(
    "grain",
    "Grain",
    Role.PEER,
    "a random access source over the mapped file, shuffled and batched by Grain; its 16 threads",
    _run,
    GRAIN,
)
