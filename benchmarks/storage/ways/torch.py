"""PyTorch's DataLoader over the mapped file, with worker processes."""

from __future__ import annotations

from benchmarks.peers.contender import TORCH
from benchmarks.storage.measured import forever, pull
from benchmarks.storage.patterns.images import InOrder
from benchmarks.storage.patterns.pattern import ArrayPattern
from benchmarks.storage.result import Role, Turn
from benchmarks.storage.way import Task, Way
from benchmarks.storage.ways.grain import Samples

__all__ = ["TORCH_WORKERS"]

WORKERS = 8
DRAWN = 1 << 20
"""Samples of an epoch where there are more than a permutation of them would fit in memory."""


def _run(task: Task) -> Turn:
    from torch.utils.data import DataLoader, RandomSampler, SequentialSampler

    pattern: ArrayPattern = task.pattern
    samples = Samples(pattern, task.source)
    few = len(samples) <= DRAWN
    shuffled = RandomSampler(samples, replacement=not few, num_samples=None if few else DRAWN)
    batches = DataLoader(
        samples,
        batch_size=pattern.batch,
        sampler=SequentialSampler(samples) if isinstance(pattern, InOrder) else shuffled,
        num_workers=WORKERS,
        drop_last=True,
    )
    return pull(forever(batches), task.pace, lambda first: pattern.check(first, task.source))


TORCH_WORKERS = Way(
    "torch",
    "PyTorch DataLoader",
    Role.PEER,
    f"a dataset over the mapped file, sample by sample, {WORKERS} worker processes: more than "
    "cores, since they wait for the disk",
    _run,
    TORCH,
)
