"""Keras: its windows, its ``fit`` on a whole array, and a PyDataset that makes whole batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.contender import KERAS, Contender
from benchmarks.peers.contenders.numpy import crops_of
from benchmarks.peers.jobs.fit import Fit
from benchmarks.peers.jobs.images import Images
from benchmarks.peers.jobs.windows import Windows
from benchmarks.peers.training import Training

__all__ = ["CONTENDERS"]


def _windows(job: Windows, folder: Path) -> Any:
    import keras

    series = job.series(folder)
    inputs, targets = series[: -job.length], series[job.length :, 0]
    named = {"batch_size": job.batch, "shuffle": True}
    return keras.utils.timeseries_dataset_from_array(inputs, targets, job.length, **named)


@dataclass
class _AsFitTakesIt:
    """The batches of a PyDataset as ``fit`` takes them, epoch after epoch."""

    dataset: Any

    def __iter__(self) -> Iterator[Any]:
        # No public name leads to the dataset that fit makes of it.
        from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter

        adapter = PyDatasetAdapter(self.dataset, shuffle=False)
        adapter.on_epoch_begin()
        for (batch,) in adapter.get_tf_dataset():
            yield batch
        adapter.on_epoch_end()


def _images(job: Images, folder: Path) -> Any:
    import keras

    crops, numbers = crops_of(job, folder), np.random.default_rng()

    class Crops(keras.utils.PyDataset):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(workers=1, max_queue_size=4)
            self.order = numbers.permutation(job.count)

        def __len__(self) -> int:
            return job.count // job.batch

        def __getitem__(self, index: int) -> Any:
            chosen = self.order[index * job.batch : (index + 1) * job.batch]
            return (crops(chosen),)

        def on_epoch_end(self) -> None:
            self.order = numbers.permutation(job.count)

    return _AsFitTakesIt(Crops())


def _fit_array(job: Fit, folder: Path) -> Training:
    images, labels = job.images(folder), job.labels(folder)

    def inputs() -> dict[str, Any]:
        whole = images.astype("float32") / 255
        return {"x": whole, "y": labels, "batch_size": job.batch}

    return Training(job, inputs)


def _fit_batches(job: Fit, folder: Path) -> Training:
    import keras

    images, labels = job.images(folder), job.labels(folder)

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(workers=2, max_queue_size=4)
            self.order = np.random.default_rng().permutation(job.count)

        def __len__(self) -> int:
            return job.count // job.batch

        def __getitem__(self, index: int) -> Any:
            chosen = self.order[index * job.batch : (index + 1) * job.batch]
            return np.multiply(images[chosen], np.float32(1 / 255)), labels[chosen]

        def on_epoch_end(self) -> None:
            self.order = np.random.default_rng().permutation(job.count)

    return Training(job, lambda: {"x": Batches()})


def _keras(job: str, key: str, name: str, settings: str, start: Any) -> Contender:
    return Contender(job, key, name, settings, start, KERAS, ("tensorflow", "keras"))


CONTENDERS = (
    _keras(
        "images",
        "keras-pydataset",
        "Keras PyDataset",
        "whole batches by NumPy, scaled as they are written; one worker, a thread: measured "
        "against 0, 2 and 4; taken through the adapter that fit uses",
        _images,
    ),
    _keras(
        "windows",
        "keras-timeseries",
        "Keras, timeseries_dataset_from_array",
        "as it is; it sets AUTOTUNE and prefetch itself",
        _windows,
    ),
    _keras(
        "fit",
        "keras-array",
        "fit(x.astype('float32') / 255, y)",
        "the whole array made first, as tutorials do; Keras shuffles and gathers from its copy",
        _fit_array,
    ),
    _keras(
        "fit",
        "keras-pydataset",
        "fit(PyDataset)",
        "whole batches made by NumPy, two workers (threads)",
        _fit_batches,
    ),
)
