"""NumPy over the mapped file, sample by sample: what people write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.storage.measured import pull
from benchmarks.storage.patterns.pattern import ArrayPattern
from benchmarks.storage.result import Role, Turn
from benchmarks.storage.way import Task, Way

__all__ = ["NUMPY", "batches_of", "samples_of"]


def samples_of(pattern: ArrayPattern, source: str) -> Iterator[Any]:
    """Yield samples, views of the mapped file, in the order of the pattern."""
    array = pattern.mapped(source)
    for number in pattern.order(pattern.count(len(array))):
        yield pattern.sample(array, number)


def batches_of(pattern: ArrayPattern, source: str) -> Iterator[Any]:
    """Yield batches that samples are copied into."""
    samples = samples_of(pattern, source)
    while True:
        batch = np.empty((pattern.batch, *pattern.shape), pattern.dtype)
        for place, sample in zip(batch, samples, strict=False):
            place[...] = sample
        yield batch


def _run(task: Task) -> Turn:
    pattern: ArrayPattern = task.pattern
    batches = batches_of(pattern, task.source)
    return pull(batches, task.pace, lambda first: pattern.check(first, task.source))


NUMPY = Way(
    "numpy",
    'np.load(mmap_mode="r")',
    Role.PEER,
    "each sample copied into the batch, one after the other",
    _run,
)
