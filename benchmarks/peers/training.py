"""A turn of the job ``fit``: Keras trains a tiny model, from the array to the last step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.peers.jobs.fit import Fit
from benchmarks.peers.result import Round
from benchmarks.peers.turns import timed

__all__ = ["Training"]


@dataclass
class Training:
    """Whole runs of ``fit``, each from the data as it lies in its file.

    Attributes
    ----------
    job : Fit
        Of which epochs.
    inputs : callable
        Gives the arguments of ``fit``; what that costs is counted in every run.
    """

    job: Fit
    inputs: Callable[[], dict[str, Any]]

    def __post_init__(self) -> None:
        self._model: Any = None

    def first_batches(self, count: int) -> list[Any]:
        """Return the first batches as the model sees them, step by step and outside of a graph."""
        import keras

        images: list[Any] = []
        labels: list[Any] = []

        class Look(keras.layers.Layer):  # type: ignore[misc]
            def call(self, given: Any) -> Any:
                _note(given, images)
                return given

        class StopAfter(keras.callbacks.Callback):  # type: ignore[misc]
            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                del logs
                self.model.stop_training = batch + 1 >= count

        def loss(expected: Any, given: Any) -> Any:
            _note(expected, labels)
            return keras.losses.sparse_categorical_crossentropy(expected, given)

        model = _model(self.job, [Look()])
        model.compile("sgd", loss, run_eagerly=True)
        model.fit(**self.inputs(), verbose=0, callbacks=[StopAfter()])
        return list(zip(images[:count], labels[:count], strict=True))

    def run(self, lead: float, seconds: float) -> Round:
        """Fit again and again for about `seconds`, once at least; the first time once before."""
        if self._model is None:
            self._model = _model(self.job, [])
            self._model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
            self._fit()
        del lead  # a run of fit begins anew anyhow
        return timed(lambda: self._fit_for(seconds))

    def _fit_for(self, seconds: float) -> int:
        end, count = time.perf_counter() + seconds, 0
        while not count or time.perf_counter() < end:
            count += self._fit()
        return count

    def _fit(self) -> int:
        self._model.fit(**self.inputs(), epochs=self.job.epochs, verbose=0)
        return self.job.count * self.job.epochs


def _note(given: Any, seen: list[Any]) -> None:
    if hasattr(given, "numpy"):  # and not only a name in a graph
        seen.append(np.array(given))


def _model(job: Fit, first: list[Any]) -> Any:
    """Return a model that has next to nothing to do, so that the input is what takes the time."""
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((job.size, job.size, 3)),
            *first,
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, "softmax"),
        ]
    )
