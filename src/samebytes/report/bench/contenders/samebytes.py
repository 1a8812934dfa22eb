"""Ours, by each of the ways in which its batches are taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import samebytes as sb
from samebytes.report.bench.contender import TENSORFLOW, Contender
from samebytes.report.bench.jobs.images import Images

__all__ = ["CONTENDERS"]

_DEFAULTS = "defaults: as many threads as cores, batches made ahead"


def _images(job: Images, folder: Path) -> sb.Dataset:
    return (
        sb.Dataset.from_tensor_slices(sb.open(job.path(folder)))
        .shuffle(seed=0)
        .map(sb.RandomCrop(job.crop, job.crop))
        .map(sb.Rescaling(1 / 255))
        .batch(job.batch, drop_remainder=True)
        .repeat()
    )


def _images_tensors(job: Images, folder: Path) -> Any:
    return _images(job, folder).with_format("tensorflow")


def _images_to_tf(job: Images, folder: Path) -> Any:
    return _images(job, folder).to_tf()


def _zero_copy_dataset(job: Images, folder: Path) -> Any:
    import tensorflow as tf

    images = sb.ZeroCopyDataset(sb.open(job.path(folder)), crop_size=(job.crop, job.crop))
    batches = images.shuffle(job.count).batch(job.batch, drop_remainder=True)
    return batches.repeat().prefetch(tf.data.AUTOTUNE)


def _numpy(job: str, start: Any) -> Contender:
    return Contender(
        job, "samebytes-numpy", "samebytes, NumPy", _DEFAULTS, start, None, ("numba",), ours=True
    )


def _tensorflow(job: str, key: str, name: str, start: Any, settings: str = _DEFAULTS) -> Contender:
    modules = ("numba", "tensorflow")
    return Contender(job, key, name, settings, start, TENSORFLOW, modules, ours=True)


CONTENDERS = (
    _numpy("images", _images),
    _tensorflow("images", "samebytes-tensors", "samebytes, tensors", _images_tensors),
    _tensorflow("images", "samebytes-to-tf", "samebytes, to_tf()", _images_to_tf),
    _tensorflow("images", "zero-copy-dataset", "samebytes, ZeroCopyDataset", _zero_copy_dataset),
)
