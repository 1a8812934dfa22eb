"""Grain: indices shuffled and batched first, then one call of NumPy makes a whole batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from samebytes.report.bench.contender import GRAIN, Contender
from samebytes.report.bench.contenders.numpy import crops
from samebytes.report.bench.jobs.images import Images
from samebytes.report.bench.jobs.tokens import Tokens
from samebytes.report.bench.jobs.windows import Windows

__all__ = ["CONTENDERS"]


def _indices(count: int, batch: int) -> Any:
    import grain

    source = grain.MapDataset.source(range(count)).seed(0).shuffle().repeat()
    return source.batch(batch, drop_remainder=True)


def _read(batches: Any) -> Any:
    import grain

    return batches.to_iter_dataset(grain.ReadOptions(num_threads=16, prefetch_buffer_size=16))


def _images(job: Images, folder: Path) -> Any:
    images = job.images(folder)

    def whole(chosen: Any, numbers: np.random.Generator) -> Any:
        return crops(images, chosen, job.crop, numbers)

    return _read(_indices(job.count, job.batch).random_map(whole))


def _windows(job: Windows, folder: Path) -> Any:
    series = job.series(folder)
    windows = sliding_window_view(series, job.length, 0).transpose(0, 2, 1)

    def whole(starts: Any) -> Any:
        return np.ascontiguousarray(windows[starts]), series[starts + job.length, 0]

    return _read(_indices(job.count, job.batch).map(whole))


def _tokens(job: Tokens, folder: Path) -> Any:
    tokens = np.asarray(job.tokens(folder))
    contexts = sliding_window_view(tokens, job.context + 1)[:: job.context]

    def whole(chosen: Any) -> Any:
        both = contexts[chosen]
        return both[:, :-1].astype(np.int64), both[:, 1:].astype(np.int64)

    return _read(_indices(len(contexts), job.sequences).map(whole))


def _grain(job: str, start: Any) -> Contender:
    settings = (
        "indices batched before the work, which NumPy does a batch at a time; 16 threads, 16 "
        "batches ahead: measured beside 0, 1 and 2 threads, samples one by one, and mp_prefetch"
    )
    return Contender(job, "grain", "Grain", settings, start, GRAIN, ("grain",))


CONTENDERS = (_grain("images", _images), _grain("windows", _windows), _grain("tokens", _tokens))
