"""The batches of an epoch as Keras asks for them: by any number, or in the dataset's order."""

from __future__ import annotations

import threading
from typing import Any

from samebytes.engine.epoch_counter import EpochCounter
from samebytes.engine.iterator import Iterator
from samebytes.engine.pipeline import Pipeline
from samebytes.engine.schedule import position_of

__all__ = ["WINDOW", "RandomAccessBatches", "SequentialBatches"]

WINDOW = 8
"""Numbers asked for within so many count as in order, by threads whose number is not known; so
many batches are kept for late askers."""

STREAK = 2
"""So many numbers in order start the making ahead: Keras asks for 0 and 1 only to look at them."""


class RandomAccessBatches:
    """The batches of one epoch by number, from any thread.

    Parameters
    ----------
    pipeline : Pipeline
        Of batches.
    epoch : int
        Which epoch.
    """

    skipped = 0
    ended = False

    def __init__(self, pipeline: Pipeline, epoch: int) -> None:
        self._pipeline = pipeline.with_options(format="numpy")
        self._without_prefetch = self._pipeline.with_options(prefetch=0)
        self._epoch = epoch
        self._lock = threading.Lock()
        self._running: Iterator | None = None
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
        with self._at(self._without_prefetch, index) as iterator:
            return next(iterator)

    def close(self) -> None:
        """End the threads."""
        with self._lock:
            self._stop()

    def _at(self, pipeline: Pipeline, index: int) -> Iterator:
        """Return an iterator that begins at batch `index`."""
        return Iterator(pipeline, self._epoch, position_of(pipeline.plan, index))

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
        running: Any = self._running  # begun above, where there was none
        try:
            while self._upcoming < index:
                self._kept[self._upcoming] = next(running)
                self._upcoming += 1
            found = next(running)
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
        pipeline = self._pipeline
        if ahead is not None:
            pipeline = pipeline.with_options(prefetch=ahead)
        self._running = self._at(pipeline, index)
        self._upcoming = index


class SequentialBatches:
    """What is left of the epoch that ``fit`` is in, batch after batch, whatever number is asked.

    Keras shuffles the numbers unless told not to, and in no process as in the one before; so an
    interrupted ``fit`` could not continue. The dataset shuffles already, and the same each time.

    Parameters
    ----------
    pipeline : Pipeline
        Of batches, and not endless.
    epochs : EpochCounter
        Which tells where the epoch begins.
    ahead : int, optional
        How many are made ahead, by default what the dataset says.

    Attributes
    ----------
    skipped : int
        Batches that were trained on before.
    """

    def __init__(self, pipeline: Pipeline, epochs: EpochCounter, ahead: int | None = None) -> None:
        epoch = epochs.next_epoch()
        self.skipped = epochs.batches_done(epoch)
        self._epochs = epochs
        self._lock = threading.Lock()
        self._asked = bytearray((pipeline.plan.length or 0) - self.skipped)
        numpy = pipeline.with_options(format="numpy")
        if ahead is not None:
            numpy = numpy.with_options(prefetch=ahead)
        self._iterator = Iterator(numpy, epoch, epochs.position_in(epoch))

    @property
    def ended(self) -> bool:
        """Whether ``fit`` has ended, perhaps in the middle of this epoch."""
        return not self._epochs.fitting

    def batch(self, index: int, window: int = WINDOW, ahead: int | None = None) -> Any:  # noqa: ARG002
        """Return the next batch."""
        with self._lock:
            if self._asked[index]:
                message = (
                    f"batch {index} was asked for twice: under SavePosition, to_keras() gives fit "
                    "each batch once an epoch, in the dataset's order; for batches by number, call "
                    "to_keras() on the original dataset"
                )
                raise ValueError(message)
            self._asked[index] = True
            return next(self._iterator)

    def close(self) -> None:
        """End the threads."""
        self._iterator.close()
