"""Grain: what is shuffled are whole batches of numbers, and one call of NumPy makes a batch."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.contender import GRAIN, Contender
from benchmarks.peers.contenders.numpy import Array, contexts_of, crops_of, windows_of
from benchmarks.peers.jobs.images import Images
from benchmarks.peers.jobs.tokens import Tokens
from benchmarks.peers.jobs.windows import Windows
from samebytes.memory.cores import available_cores

__all__ = ["CONTENDERS"]

_AHEAD = 4


def _shuffled(count: int, batch: int) -> Any:
    """Return the numbers below `count` in batches, in another order each epoch.

    Grain's own shuffle and batch cost Python some 20 µs a sample.
    """
    import grain

    @functools.lru_cache(maxsize=2)
    def order(epoch: int) -> Array:
        return np.random.default_rng(epoch).permutation(count)

    batches = count // batch

    def numbers(index: int, _: int) -> Array:
        epoch, place = divmod(index, batches)
        return order(epoch)[place * batch : (place + 1) * batch]

    return grain.MapDataset.range(batches).repeat().map_with_index(numbers)


def _read(batches: Any, threads: int) -> Any:
    import grain

    options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=_AHEAD)
    return batches.to_iter_dataset(options)


def _images(job: Images, folder: Path) -> Any:
    made = _shuffled(job.count, job.batch).map(crops_of(job, folder))
    return _read(made, available_cores())


def _windows(job: Windows, folder: Path) -> Any:
    return _read(_shuffled(job.count, job.batch).map(windows_of(job, folder)), threads=0)


def _tokens(job: Tokens, folder: Path) -> Any:
    import grain

    make = contexts_of(job, folder)

    def drawn(_: int, numbers: np.random.Generator) -> Any:
        return make(numbers.integers(job.count - job.context, size=job.sequences))

    batches = grain.MapDataset.range(job.count // job.batch_items).seed(0).repeat()
    return _read(batches.random_map(drawn), threads=0)


def _grain(job: str, threads: str, start: Any) -> Contender:
    settings = (
        "whole batches of numbers in random order, each made by one call of NumPy; "
        f"{threads} threads: measured against 0, 1, 2 and 16, Grain's own shuffle and batch of "
        "samples, samples one by one, and mp_prefetch"
    )
    return Contender(job, "grain", "Grain", settings, start, GRAIN, ("grain",))


CONTENDERS = (
    _grain("images", "as many as cores in", _images),
    _grain("windows", "no", _windows),
    _grain("tokens", "no", _tokens),
)
