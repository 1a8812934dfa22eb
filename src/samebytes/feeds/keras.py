"""A ``keras.utils.PyDataset`` of the engine's batches: made ahead in order, at once in any other.

Keras asks for batches by number: in order, nearly in order (several workers), shuffled (its
``fit`` shuffles the numbers unless told not to), and the first two before training begins.
Whoever asks in order is served by an iterator that makes batches ahead; every other number is
made at the moment it is asked for, on all threads. Both give the same bytes.

How many batches Keras holds differs by the framework it runs on: ``feeds/keras_limit.py`` says how
many it may, and makes it wait.

Under `SavePosition` the number that `fit` asks for means nothing: it gets the dataset's order.
"""

from __future__ import annotations

import functools
import os
import threading
from typing import Any

from samebytes.engine.epoch_counter import EpochCounter
from samebytes.engine.pipeline import Pipeline
from samebytes.feeds.keras_backends import check_for_backend, handed_to_backend
from samebytes.feeds.keras_batches import WINDOW, RandomAccessBatches, SequentialBatches
from samebytes.feeds.keras_limit import limit_of
from samebytes.plan.distribute import check_seeds
from samebytes.share.frameworks import import_keras

__all__ = ["to_keras"]

EXACT_SINCE = (3, 6)
"""Keras' versions before this one shuffle batches once more, behind the numbers."""


@functools.cache
def _batches_class() -> Any:  # noqa: C901 (a class, which can be made only once Keras is there)
    keras = import_keras()

    class Batches(keras.utils.PyDataset):  # type: ignore[misc, name-defined]
        """Batches of a samebytes dataset by number; each epoch has its own order and draws.

        Parameters
        ----------
        pipeline : Pipeline
            Of batches.
        epochs : EpochCounter
            Which tells the epoch of each ``fit``.
        **options
            ``workers`` and ``max_queue_size``, as Keras has them.
        """

        def __init__(self, pipeline: Pipeline, epochs: EpochCounter, **options: Any) -> None:
            super().__init__(**options)
            self._pipeline = pipeline
            self._epochs = epochs
            self._lock = threading.Lock()
            self._epoch: RandomAccessBatches | SequentialBatches | None = None
            self._process = os.getpid()
            self._handed = handed_to_backend(pipeline.plan, keras.backend.backend())
            self._trainer: int | None = None
            self._limit = limit_of(pipeline, keras.backend.backend())
            self._training = False

        @property
        def workers(self) -> int:
            """Keras' threads that ask for batches; one under `SavePosition`: the order counts."""
            return 1 if self._epochs.resumes else int(super().workers)

        @workers.setter
        def workers(self, count: int) -> None:
            keras.utils.PyDataset.workers.fset(self, count)

        @property
        def num_batches(self) -> int | None:
            """Batches an epoch; None for an endless dataset, as Keras has it."""
            return None if self._pipeline.plan.length is None else len(self)

        def __len__(self) -> int:
            """Return the number of batches the epoch has; less while one is continued."""
            epoch = self._epoch
            done = 0 if epoch is None or epoch.ended else epoch.skipped
            length = self._pipeline.plan.length
            if length is None:
                message = "this dataset is endless and has no length; take(n) gives a finite part"
                raise TypeError(message)
            return length - done

        def __getitem__(self, index: int) -> Any:
            """Return a batch of the present epoch, from any thread and in any order."""
            length = self.num_batches
            place = index if index >= 0 or length is None else index + length
            if place < 0 or (length is not None and place >= length):
                message = f"batch {index} of {length}"
                raise IndexError(message)
            if self._process != os.getpid():
                message = (
                    "to_keras() works only in the process that made it, where threads already make "
                    "its batches; leave use_multiprocessing=False, and if Keras must ask for them "
                    "in n threads, write ds.to_keras(workers=n)"
                )
                raise RuntimeError(message)
            limit = self._limit if self._is_limited() else None
            if limit is None:
                window = WINDOW if self.workers <= 1 else self.workers
                return self._handed(self._present().batch(place, window))
            limit.pressure.wait()
            # One thread asks, so what is not in order is shuffled.
            return self._handed(limit.track(self._present().batch(place, 1, limit.ahead)))

        def _present(self) -> RandomAccessBatches | SequentialBatches:
            """Return the epoch that batches are asked of."""
            with self._lock:
                if self._epoch is None or self._epoch.ended:
                    self._epoch = RandomAccessBatches(self._pipeline, self._epochs.next_epoch())
                return self._epoch

        def _is_limited(self) -> bool:
            """Return whether Keras trains, and asks as it is thought to, with no queue."""
            if self._limit is None or self.workers > 1 or self._trainer is None:
                return False
            here = self._trainer == threading.get_ident()
            return self._training if self._limit.in_trainer and here else not here

        def on_epoch_begin(self) -> None:
            """Note who trains, and begin the epoch of a ``fit`` with a `SavePosition`."""
            self._trainer = threading.get_ident()
            self._training = True
            if self._epochs.resumes and self._epochs.fitting:
                ahead = None if self._limit is None else self._limit.ahead
                with self._lock:
                    self._epoch = SequentialBatches(self._pipeline, self._epochs, ahead)

        def on_epoch_end(self) -> None:
            """Go on to the next epoch. Keras calls this."""
            self._training = False
            with self._lock:
                epoch, self._epoch = self._epoch, None
            if epoch is not None:
                epoch.close()

    Batches.__module__ = __name__
    Batches.__qualname__ = "Batches"
    return Batches


def to_keras(
    pipeline: Pipeline,
    epochs: EpochCounter,
    *,
    workers: int = 1,
    max_queue_size: int | None = None,
) -> Any:
    """Return a ``keras.utils.PyDataset`` of the batches of a pipeline; never copies.

    ``fit(ds.to_keras(), shuffle=False)`` is fastest: the dataset shuffles already, and batches
    asked for in order are made ahead. With Keras' own shuffling, which is the default of ``fit``,
    each batch is made when it is asked for. From the dataset of a `SavePosition`, ``fit`` gets the
    batches in the dataset's order, made ahead, whatever ``shuffle`` says.

    If Keras runs on TensorFlow, strings become ``tf.string`` tensors, encoded in UTF-8, which is a
    copy. If it runs on PyTorch or JAX, batches are tensors, or arrays, of these on the same bytes;
    JAX makes narrower numbers of those of 64 bits, which is a copy.

    Parameters
    ----------
    pipeline : Pipeline
        A pipeline of batches: an input, a pair, or a triple with sample weights; inputs may be
        dicts.
    workers : int
        How many Keras threads ask for batches. One is enough: batches are made by the engine's
        threads, and no more batches are alive than with ``to_tf()``.
    max_queue_size : int, optional
        How many batches Keras holds ready for training if it has several workers; by default as
        many as workers.

    Raises
    ------
    Unconvertible
        If no tensor of the framework that Keras runs on can hold a component's dtype.
    ValueError
        If the dataset yields single samples; if it is that of a `SavePosition`, and this Keras is
        too old to continue it exactly; or if Keras' queue would be unbounded.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> ds = sb.Dataset.from_tensor_slices((np.zeros((10, 4)), np.arange(10))).batch(4)
    >>> batches = ds.to_keras()
    >>> len(batches), batches[2][0].shape
    (3, (2, 4))
    """
    if pipeline.plan.batch_size is None:
        message = "to_keras() gives batches by number, but this dataset yields single samples"
        raise ValueError(f"{message}: ds.batch(n)")
    if workers < 0:
        message = f"to_keras(workers={workers}): expected 0 or more"
        raise ValueError(message)
    if max_queue_size is not None and max_queue_size < 1:
        message = (
            f"to_keras(max_queue_size={max_queue_size}): expected 1 or more; with less, Keras "
            "makes an unbounded queue"
        )
        raise ValueError(message)
    check_seeds(pipeline.plan)
    keras = import_keras()
    check_for_backend(pipeline.plan, keras.backend.backend())
    version = keras.__version__
    if epochs.resumes and _numbers(version) < EXACT_SINCE:
        message = (
            f"Keras {version} shuffles the batches of to_keras() in a way that no later fit can "
            "continue; pass position.dataset.to_tf(), or install keras>=3.6"
        )
        raise ValueError(message)
    queue = max(workers, 1) if max_queue_size is None else max_queue_size
    return _batches_class()(pipeline, epochs, workers=workers, max_queue_size=queue)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version."""
    return tuple(int(part) for part in version.split(".")[:2])
