"""PyTorch's DataLoader, its batches made whole by ``__getitems__``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from samebytes.report.bench.contender import TORCH, Contender
from samebytes.report.bench.contenders.numpy import crops
from samebytes.report.bench.jobs.images import Images
from samebytes.report.bench.jobs.tokens import Tokens
from samebytes.report.bench.jobs.windows import Windows

__all__ = ["CONTENDERS"]

_WHY = (
    "__getitems__ makes the whole batch by NumPy, collate_fn passes it on; {workers} workers: "
    "measured beside 0 and 2, samples one by one, and prefetch_factor 4"
)


def _given(batch: Any) -> Any:
    """Collate a batch that is one already."""
    return batch


class _Whole:
    """A map-style dataset whose batches are made at once."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Any:
        return self.__getitems__([index])

    def __getitems__(self, indices: list[int]) -> Any:
        raise NotImplementedError


class _Crops(_Whole):
    def __init__(self, job: Images, folder: Path) -> None:
        super().__init__(job.count)
        self._images, self._size = job.images(folder), job.crop

    def __getitems__(self, indices: list[int]) -> Any:
        import torch

        # Torch gives each worker and each epoch another seed; NumPy's would be the same.
        numbers = np.random.default_rng(int(torch.randint(2**62, ())))
        return torch.from_numpy(crops(self._images, np.array(indices), self._size, numbers))


class _Windows(_Whole):
    def __init__(self, job: Windows, folder: Path) -> None:
        super().__init__(job.count)
        self._series = job.series(folder)
        self._windows = sliding_window_view(self._series, job.length, 0).transpose(0, 2, 1)
        self._length = job.length

    def __getitems__(self, indices: list[int]) -> Any:
        starts = np.array(indices)
        windows = np.ascontiguousarray(self._windows[starts])
        return _tensors(windows, self._series[starts + self._length, 0])


class _Contexts(_Whole):
    def __init__(self, job: Tokens, folder: Path) -> None:
        super().__init__((job.count - 1) // job.context)
        tokens = np.asarray(job.tokens(folder))
        self._contexts = sliding_window_view(tokens, job.context + 1)[:: job.context]

    def __getitems__(self, indices: list[int]) -> Any:
        both = self._contexts[np.array(indices)]
        return _tensors(both[:, :-1].astype(np.int64), both[:, 1:].astype(np.int64))


def _tensors(*arrays: npt.NDArray[Any]) -> tuple[Any, ...]:
    import torch

    return tuple(map(torch.from_numpy, arrays))


def _loader(dataset: _Whole, batch: int, workers: int) -> Any:
    from torch.utils.data import DataLoader

    return DataLoader(
        dataset,
        batch,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        collate_fn=_given,
        persistent_workers=workers > 0,
    )


def _images(job: Images, folder: Path) -> Any:
    return _loader(_Crops(job, folder), job.batch, workers=0)


def _windows(job: Windows, folder: Path) -> Any:
    return _loader(_Windows(job, folder), job.batch, workers=0)


def _tokens(job: Tokens, folder: Path) -> Any:
    return _loader(_Contexts(job, folder), job.sequences, workers=0)


def _torch(job: str, start: Any, workers: int) -> Contender:
    settings = _WHY.format(workers=workers)
    return Contender(job, "torch", "PyTorch DataLoader", settings, start, TORCH, ("torch",))


CONTENDERS = (
    _torch("images", _images, 0),
    _torch("windows", _windows, 0),
    _torch("tokens", _tokens, 0),
)
