"""Ours, by each of the ways in which its batches are taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import samebytes as sb
from benchmarks.peers.contender import TENSORFLOW, Contender
from benchmarks.peers.jobs.fit import Fit
from benchmarks.peers.jobs.images import Images
from benchmarks.peers.jobs.tokens import Tokens
from benchmarks.peers.jobs.windows import Windows
from benchmarks.peers.training import Training

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


def _windows(job: Windows, folder: Path) -> sb.Dataset:
    return (
        sb.Dataset.from_tensor_slices(sb.open(job.path(folder)))
        .window(job.length, horizon=1, columns=0)
        .shuffle(seed=0)
        .batch(job.batch, drop_remainder=True)
        .repeat()
    )


def _windows_tensors(job: Windows, folder: Path) -> Any:
    return _windows(job, folder).with_format("tensorflow")


def _windows_to_tf(job: Windows, folder: Path) -> Any:
    return _windows(job, folder).to_tf()


def _timeseries(job: Windows, folder: Path) -> Any:
    series = sb.open(job.path(folder))
    inputs, targets = series[: -job.length], series[job.length :, 0]
    named: dict[str, Any] = {"batch_size": job.batch, "shuffle": True}
    return sb.timeseries_dataset_from_array(inputs, targets, job.length, **named)


def _tokens(job: Tokens, folder: Path) -> sb.Dataset:
    dataset: sb.Dataset = sb.TokenDataset(job.path(folder), job.context, seed=0)
    return dataset.batch(job.sequences, drop_remainder=True).repeat()


def _tokens_tensors(job: Tokens, folder: Path) -> Any:
    return _tokens(job, folder).with_format("tensorflow")


def _tokens_to_tf(job: Tokens, folder: Path) -> Any:
    return _tokens(job, folder).to_tf()


def _fit(job: Fit, folder: Path) -> sb.Dataset:
    return (
        sb.Dataset.from_tensor_slices((sb.open(job.path(folder)), job.labels(folder)))
        .shuffle(seed=0)
        .map(sb.Rescaling(1 / 255))
        .batch(job.batch)
    )


def _fit_to_tf(job: Fit, folder: Path) -> Training:
    return Training(job, lambda: {"x": _fit(job, folder).to_tf(), "shuffle": False})


def _fit_to_keras(job: Fit, folder: Path) -> Training:
    return Training(job, lambda: {"x": _fit(job, folder).to_keras(), "shuffle": False})


def _numpy(job: str, start: Any) -> Contender:
    return Contender(
        job, "samebytes-numpy", "samebytes, NumPy", _DEFAULTS, start, None, ("numba",), ours=True
    )


def _tensorflow(job: str, key: str, name: str, start: Any) -> Contender:
    modules = ("numba", "tensorflow")
    return Contender(job, key, name, _DEFAULTS, start, TENSORFLOW, modules, ours=True)


CONTENDERS = (
    _numpy("images", _images),
    _tensorflow("images", "samebytes-tensors", "samebytes, tensors", _images_tensors),
    _tensorflow("images", "samebytes-to-tf", "samebytes, to_tf()", _images_to_tf),
    _tensorflow("images", "zero-copy-dataset", "samebytes, ZeroCopyDataset", _zero_copy_dataset),
    _numpy("windows", _windows),
    _tensorflow("windows", "samebytes-tensors", "samebytes, tensors", _windows_tensors),
    _tensorflow("windows", "samebytes-to-tf", "samebytes, to_tf()", _windows_to_tf),
    _tensorflow(
        "windows", "samebytes-timeseries", "samebytes, timeseries_dataset_from_array", _timeseries
    ),
    _numpy("tokens", _tokens),
    _tensorflow("tokens", "samebytes-tensors", "samebytes, tensors", _tokens_tensors),
    _tensorflow("tokens", "samebytes-to-tf", "samebytes, to_tf()", _tokens_to_tf),
    _tensorflow("fit", "samebytes-to-tf", "samebytes, fit(ds.to_tf())", _fit_to_tf),
    _tensorflow("fit", "samebytes-to-keras", "samebytes, fit(ds.to_keras())", _fit_to_keras),
)
