"""PyTorch's DataLoader, asked for whole batches: ``batch_size=None`` and a sampler of batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.contender import TORCH, Contender
from benchmarks.peers.contenders.numpy import (
    Array,
    contexts_of,
    crops_of,
    shuffled,
    starts,
    windows_of,
)
from benchmarks.peers.jobs.images import Images
from benchmarks.peers.jobs.tokens import Tokens
from benchmarks.peers.jobs.windows import Windows

__all__ = ["CONTENDERS"]


@dataclass
class _Whole:
    """A map-style dataset that is indexed by all the numbers of a batch."""

    make: Callable[[Array], Any]

    def __getitem__(self, chosen: Array) -> Any:
        return self.make(chosen)


def _loader(make: Callable[[Array], Any], batches: Iterable[Array]) -> Any:
    from torch.utils.data import DataLoader

    return DataLoader(_Whole(make), batch_size=None, sampler=batches, num_workers=0)


def _images(job: Images, folder: Path) -> Any:
    return _loader(crops_of(job, folder), shuffled(job.count, job.batch))


def _windows(job: Windows, folder: Path) -> Any:
    return _loader(windows_of(job, folder), shuffled(job.count, job.batch))


def _tokens(job: Tokens, folder: Path) -> Any:
    return _loader(contexts_of(job, folder), starts(job))


def _torch(job: str, start: Any) -> Contender:
    settings = (
        "batch_size=None and a sampler of batches, so that NumPy makes a whole batch and torch "
        "shares it; num_workers=0: measured against 1 and 2, which must send each batch, "
        "__getitems__, samples one by one, and torch's own indexing"
    )
    return Contender(job, "torch", "PyTorch DataLoader", settings, start, TORCH, ("torch",))


CONTENDERS = (_torch("images", _images), _torch("windows", _windows), _torch("tokens", _tokens))
