"""A ``keras.utils.PyDataset`` of the engine's batches: made ahead in order, at once in any other.

Keras asks for batches by number: in order, nearly in order (several workers), shuffled (its
``fit`` shuffles the numbers unless told not to), and the first two before training begins.
Whoever asks in order is served by an iterator that makes batches ahead; every other number is
made at the moment it is asked for, on all threads. Both give the same bytes.

On TensorFlow, Keras asks in a thread that reads ahead of training without a limit that we could
set: its `Backpressure` makes it wait, and what it holds counts as made ahead.

Under `SavePosition` the number that `fit` asks for means nothing: it gets the dataset's order.
"""

from __future__ import annotations

import functools
import os
import threading
from typing import Any

import numpy as np

from samebytes.engine.epoch_counter import EpochCounter
from samebytes.engine.pipeline import Pipeline
from samebytes.feeds.backpressure import Backpressure
from samebytes.feeds.keras_batches import WINDOW, RandomAccessBatches, SequentialBatches
from samebytes.plan.distribute import check_seeds
from samebytes.plan.element_spec import element_spec
from samebytes.plan.tree import flatten
from samebytes.share.components import check_components
from samebytes.share.frameworks import import_keras, import_tensorflow
from samebytes.share.strings import is_string
from samebytes.share.tensorflow import string_tensor

__all__ = ["to_keras"]

READ_AHEAD_BYTES = 16 << 20
"""What Keras may hold, the batch in training included; of larger batches it is two."""

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
            self._texts = keras.backend.backend() == "tensorflow" and any(
                is_string(spec.dtype) for spec in flatten(element_spec(pipeline.plan))[0]
            )
            self._trainer: int | None = None
            self._pressure, self._ahead = _read_ahead(pipeline, keras.backend.backend())

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
            pressure = self._pressure if self._asked_ahead() else None
            if pressure is None:
                window = WINDOW if self.workers <= 1 else self.workers
                return self._handed(self._present().batch(place, window))
            pressure.wait()
            # One thread asks, so what is not in order is shuffled.
            batch = self._present().batch(place, 1, self._ahead)
            pressure.track(_bulk(batch))
            return self._handed(batch)

        def _handed(self, batch: Any) -> Any:
            return _with_string_tensors(batch) if self._texts else batch

        def _present(self) -> RandomAccessBatches | SequentialBatches:
            """Return the epoch that batches are asked of."""
            with self._lock:
                if self._epoch is None or self._epoch.ended:
                    self._epoch = RandomAccessBatches(self._pipeline, self._epochs.next_epoch())
                return self._epoch

        def _asked_ahead(self) -> bool:
            """Return whether Keras asks in another thread than it trains in, and with no queue."""
            return self.workers <= 1 and self._trainer not in {None, threading.get_ident()}

        def on_epoch_begin(self) -> None:
            """Note who trains, and begin the epoch of a ``fit`` with a `SavePosition`."""
            self._trainer = threading.get_ident()
            if self._epochs.resumes and self._epochs.fitting:
                with self._lock:
                    self._epoch = SequentialBatches(self._pipeline, self._epochs, self._ahead)

        def on_epoch_end(self) -> None:
            """Go on to the next epoch. Keras calls this."""
            with self._lock:
                epoch, self._epoch = self._epoch, None
            if epoch is not None:
                epoch.close()

    Batches.__module__ = __name__
    Batches.__qualname__ = "Batches"
    return Batches


def _with_string_tensors(batch: Any) -> Any:
    """Return a batch with its strings as tensors: Keras knows no strings of NumPy's."""
    leaves, structure = flatten(batch)
    return structure.rebuild(
        [
            string_tensor(leaf, f"component {name}") if is_string(np.asarray(leaf).dtype) else leaf
            for name, leaf in zip(structure.names, leaves, strict=True)
        ]
    )


def _read_ahead(pipeline: Pipeline, backend: str) -> tuple[Backpressure | None, int | None]:
    """Return what holds Keras back, and how many batches are to be made ahead beside what it holds.

    Only TensorFlow's Keras reads ahead; elsewhere who trains asks.
    """
    if backend != "tensorflow":
        return None, None
    tensorflow = import_tensorflow()

    def settle() -> None:
        # TensorFlow drops arrays it is done with when it next makes a tensor in Python.
        with tensorflow.device("CPU:0"):
            tensorflow.constant(0.0)

    plan = pipeline.plan
    nbytes = (plan.batch_size or 1) * sum(one.sample_bytes for one in plan.components)
    most = max(READ_AHEAD_BYTES // max(nbytes, 1), 2)
    ahead = pipeline.options.prefetch
    # One of those made ahead lies with Keras while another is trained on.
    return Backpressure(most, settle), max(ahead - 1, min(ahead, 1)) if most == 2 else ahead


def _bulk(batch: Any) -> np.ndarray[Any, Any]:
    """Return the largest array of a batch, or what it is a view of, whose death is the batch's."""
    leaves = flatten(batch)[0]
    found: Any = max(leaves, key=lambda leaf: getattr(leaf, "nbytes", 0))
    array = np.asarray(found)
    while array is not found and isinstance(array.base, np.ndarray):
        found = array = array.base  # of a subclass TensorFlow holds another view
    return array


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
    batches in the dataset's order, made ahead, whatever ``shuffle`` says. If Keras runs on
    TensorFlow, strings become ``tf.string`` tensors, encoded in UTF-8, which is a copy.

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
        If Keras runs on TensorFlow, and no tensor can hold a component's dtype.
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
    if keras.backend.backend() == "tensorflow":
        leaves, structure = flatten(element_spec(pipeline.plan))
        check_components(
            (name, spec.dtype) for name, spec in zip(structure.names, leaves, strict=True)
        )
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
