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

from samebytes.compat.save_position import Continued, done_in, import_keras
from samebytes.feeds.backpressure import Backpressure
from samebytes.plan.tree import flatten
from samebytes.share.components import check_components
from samebytes.share.doors import import_tensorflow
from samebytes.share.strings import is_string
from samebytes.share.tensorflow import string_tensor

__all__ = ["AnyOrder", "InOrder", "to_keras"]

WINDOW = 8
"""Numbers asked for within so many count as in order, by threads whose number is not known; so
many batches are kept for late askers."""

READ_AHEAD_BYTES = 16 << 20
"""What Keras may hold, the batch in training included; of larger batches it is two."""

EXACT_SINCE = (3, 6)
"""Keras' versions before this one shuffle batches once more, behind the numbers."""

STREAK = 2
"""So many numbers in order start the making ahead: Keras asks for 0 and 1 only to look at them."""


class AnyOrder:
    """The batches of one epoch by number, from any thread.

    Parameters
    ----------
    dataset : Dataset
        In batches.
    epoch : int
        Which epoch.
    """

    left_out = 0
    over = False

    def __init__(self, dataset: Any, epoch: int) -> None:
        self._dataset = dataset.with_format("numpy")
        self._lone = self._dataset.prefetch(0)
        self._epoch = epoch
        self._size = dataset.batch_size
        self._lock = threading.Lock()
        self._running: Any = None
        self._upcoming = 0
        self._kept: dict[int, Any] = {}
        self._last = -2 * WINDOW  # nothing was asked for yet
        self._streak = 0
        self._missed = 0
        self._begun = False

    def batch(self, index: int, window: int = WINDOW, ahead: int | None = None) -> Any:
        """Return batch `index`; asking twice gives the same values twice.

        Parameters
        ----------
        index : int
            Which one.
        window : int
            Numbers within so many of each other count as in order.
        ahead : int, optional
            How many are made ahead, by default what the dataset says. Who gives it has begun an
            epoch, and does not only look at a batch or two.
        """
        with self._lock:
            found = self._in_order(index, window, ahead)
            if found is not None:
                return found
        with self._at(self._lone, index) as iterator:
            return next(iterator)

    def close(self) -> None:
        """End the threads."""
        with self._lock:
            self._stop()

    def _at(self, dataset: Any, index: int) -> Any:
        """Return an iterator that begins at batch `index`."""
        iterator = dataset.iterate(self._epoch)
        state = iterator.state_dict()
        step = 1 if state["counted_in"] == "batches" else self._size
        iterator.load_state_dict({**state, "position": index * step})
        return iterator

    def _in_order(self, index: int, window: int, ahead: int | None) -> Any:
        """Return batch `index` if it is one that was made ahead, else None."""
        step, self._last = index - self._last, index
        self._streak = self._streak + 1 if -window < step <= window else 0
        if index in self._kept:
            return self._kept.pop(index)
        if self._running is None or not 0 <= index - self._upcoming < window:
            started = index == 0 and ahead is not None and not self._begun
            self._begun = self._begun or ahead is not None
            if not started and (self._streak < STREAK or step < 1):
                self._miss()
                return None
            self._begin_at(index, ahead)
        self._missed = 0
        try:
            while self._upcoming < index:
                self._kept[self._upcoming] = next(self._running)
                self._upcoming += 1
            found = next(self._running)
        except BaseException:
            self._running = None
            raise
        self._upcoming += 1
        while len(self._kept) > window:
            del self._kept[next(iter(self._kept))]
        return found

    def _miss(self) -> None:
        """Let go of what was made ahead once others were asked for so many times: it is memory."""
        self._missed += 1
        if self._missed >= STREAK:
            self._stop()

    def _stop(self) -> None:
        if self._running is not None:
            self._running.close()
        self._running = None
        self._kept.clear()

    def _begin_at(self, index: int, ahead: int | None) -> None:
        self._stop()
        dataset = self._dataset if ahead is None else self._dataset.prefetch(ahead)
        self._running = self._at(dataset, index)
        self._upcoming = index


class InOrder:
    """What is left of the epoch that ``fit`` is in, batch after batch, whatever number is asked.

    Keras shuffles the numbers unless told not to, and in no process as in the one before; so an
    interrupted ``fit`` could not continue. The dataset shuffles already, and the same each time.

    Parameters
    ----------
    dataset : Continued
        In batches, and not endless.
    ahead : int, optional
        How many are made ahead, by default what the dataset says.

    Attributes
    ----------
    left_out : int
        Batches that were trained on before.
    """

    def __init__(self, dataset: Any, ahead: int | None = None) -> None:
        epoch = dataset.next_epoch()
        self.left_out = done_in(dataset, epoch)
        self._place = dataset.place
        self._lock = threading.Lock()
        self._asked = bytearray(len(dataset) - self.left_out)
        numpy = dataset.with_format("numpy")
        self._iterator = (numpy if ahead is None else numpy.prefetch(ahead)).iterate(epoch)

    @property
    def over(self) -> bool:
        """Whether ``fit`` has ended, perhaps in the middle of this epoch."""
        return not self._place.fitting

    def batch(self, index: int, window: int = WINDOW, ahead: int | None = None) -> Any:  # noqa: ARG002
        """Return the next batch."""
        with self._lock:
            if self._asked[index]:
                message = (
                    f"batch {index} was asked for twice: under SavePosition to_keras() gives fit "
                    "the batches in the dataset's order, each once an epoch, and to_keras() of "
                    "the dataset itself gives others any batch"
                )
                raise ValueError(message)
            self._asked[index] = True
            return next(self._iterator)

    def close(self) -> None:
        """End the threads."""
        self._iterator.close()


@functools.cache
def _batches_class() -> Any:  # noqa: C901 (a class, which can be made only once Keras is there)
    keras = import_keras()

    class Batches(keras.utils.PyDataset):  # type: ignore[misc, name-defined]
        """Batches of a samebytes dataset by number; each epoch has an order and draws of its own.

        Parameters
        ----------
        dataset : Dataset
            In batches.
        **options
            ``workers`` and ``max_queue_size``, as Keras has them.
        """

        def __init__(self, dataset: Any, **options: Any) -> None:
            super().__init__(**options)
            self._dataset = dataset
            self._lock = threading.Lock()
            self._epoch: AnyOrder | InOrder | None = None
            self._process = os.getpid()
            self._texts = keras.backend.backend() == "tensorflow" and any(
                is_string(spec.dtype) for spec in flatten(dataset.element_spec)[0]
            )
            self._trainer: int | None = None
            self._pressure, self._ahead = _read_ahead(dataset, keras.backend.backend())

        @property
        def workers(self) -> int:
            """Keras' threads that ask for batches; one under `SavePosition`: the order counts."""
            return 1 if isinstance(self._dataset, Continued) else int(super().workers)

        @workers.setter
        def workers(self, count: int) -> None:
            keras.utils.PyDataset.workers.fset(self, count)

        @property
        def num_batches(self) -> int | None:
            """Batches an epoch; None for an endless dataset, as Keras has it."""
            try:
                return len(self)
            except TypeError:
                return None

        def __len__(self) -> int:
            """Return the number of batches the epoch has; less while one is continued."""
            epoch = self._epoch
            done = 0 if epoch is None or epoch.over else epoch.left_out
            return len(self._dataset) - done

        def __getitem__(self, index: int) -> Any:
            """Return a batch of the present epoch, from any thread and in any order."""
            length = self.num_batches
            place = index if index >= 0 or length is None else index + length
            if place < 0 or (length is not None and place >= length):
                message = f"batch {index} of {length}"
                raise IndexError(message)
            if self._process != os.getpid():
                message = (
                    "to_keras() works in the process that made it, whose threads make its batches "
                    "already; leave use_multiprocessing=False, and have Keras ask for them in n "
                    "threads, should it have to: ds.to_keras(workers=n)"
                )
                raise RuntimeError(message)
            pressure = self._pressure if self._asked_ahead() else None
            if pressure is None:
                window = WINDOW if self.workers <= 1 else self.workers
                return self._handed(self._present().batch(place, window))
            pressure.wait()
            # One thread asks, so what is not in order is shuffled.
            batch = self._present().batch(place, 1, self._ahead)
            pressure.out(_bulk(batch))
            return self._handed(batch)

        def _handed(self, batch: Any) -> Any:
            return _with_string_tensors(batch) if self._texts else batch

        def _present(self) -> AnyOrder | InOrder:
            """Return the epoch that batches are asked of."""
            with self._lock:
                if self._epoch is None or self._epoch.over:
                    self._epoch = AnyOrder(self._dataset, self._dataset.next_epoch())
                return self._epoch

        def _asked_ahead(self) -> bool:
            """Return whether Keras asks in another thread than it trains in, and with no queue."""
            return self.workers <= 1 and self._trainer not in {None, threading.get_ident()}

        def on_epoch_begin(self) -> None:
            """Note who trains, and begin the epoch of a ``fit`` with a `SavePosition`."""
            self._trainer = threading.get_ident()
            if isinstance(self._dataset, Continued) and self._dataset.place.fitting:
                with self._lock:
                    self._epoch = InOrder(self._dataset, self._ahead)

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


def _read_ahead(dataset: Any, backend: str) -> tuple[Backpressure | None, int | None]:
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

    nbytes = dataset.batch_size * sum(one.sample_bytes for one in dataset.plan.components)
    most = max(READ_AHEAD_BYTES // max(nbytes, 1), 2)
    ahead = dataset.options.prefetch
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


def to_keras(dataset: Any, *, workers: int = 1, max_queue_size: int | None = None) -> Any:
    """Return a ``keras.utils.PyDataset`` of the batches of `dataset`; never copies.

    ``fit(ds.to_keras(), shuffle=False)`` is fastest: the dataset shuffles already, and batches
    asked for in order are made ahead. With Keras' own shuffling, which is the default of
    ``fit``, each is made when it is asked for. Of the dataset of a `SavePosition`, ``fit`` gets
    the batches in the dataset's order, and made ahead, whatever ``shuffle`` says. With TensorFlow
    behind Keras strings come as ``tf.string`` tensors, encoded in UTF-8: a copy.

    Parameters
    ----------
    dataset : Dataset
        In batches: of an input, a pair, or a triple with sample weights; inputs may be dicts.
    workers : int
        Keras' threads that ask for batches. One is enough: batches are made by the engine's
        threads, and no more of them are alive than of ``to_tf()``.
    max_queue_size : int, optional
        How many batches Keras holds for training if it has several workers; by default as many
        as workers.

    Raises
    ------
    Unconvertible
        With TensorFlow behind Keras, if no tensor can hold a component's dtype.
    ValueError
        If the dataset gives single samples; or is that of a `SavePosition`, and this Keras
        too old to continue it exactly; or Keras' queue were endless.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> ds = sb.Dataset.from_tensor_slices((np.zeros((10, 4)), np.arange(10))).batch(4)
    >>> batches = ds.to_keras()
    >>> len(batches), batches[2][0].shape
    (3, (2, 4))
    """
    if dataset.batch_size is None:
        message = "to_keras gives batches by number, and this dataset gives single samples"
        raise ValueError(f"{message}: ds.batch(n)")
    if workers < 0:
        message = f"to_keras(workers={workers}): expected 0 or more"
        raise ValueError(message)
    if max_queue_size is not None and max_queue_size < 1:
        message = (
            f"to_keras(max_queue_size={max_queue_size}): expected 1 or more; "
            "of fewer Keras makes a queue without an end"
        )
        raise ValueError(message)
    keras = import_keras()
    if keras.backend.backend() == "tensorflow":
        leaves, structure = flatten(dataset.element_spec)
        check_components(
            (name, spec.dtype) for name, spec in zip(structure.names, leaves, strict=True)
        )
    version = keras.__version__
    if isinstance(dataset, Continued) and _numbers(version) < EXACT_SINCE:
        message = (
            f"Keras {version} shuffles the batches of to_keras() in a way that no later fit can "
            "continue; give position.dataset.to_tf(), or install keras>=3.6"
        )
        raise ValueError(message)
    queue = max(workers, 1) if max_queue_size is None else max_queue_size
    return _batches_class()(dataset, workers=workers, max_queue_size=queue)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version."""
    return tuple(int(part) for part in version.split(".")[:2])
