"""Batches that can be iterated again and again, save where they stand and continue there.

An epoch is counted when its first element is asked for, not at ``iter()``: trainers call that to
see whether they can, and to make an iterator that they use later, after ``set_epoch``.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

from samebytes.engine.checkpoint import Resumed, resume
from samebytes.engine.iterator import Iterator
from samebytes.engine.pipeline import Pipeline
from samebytes.feeds.places import Place, Places, Progress, Share, part_of, taken_in
from samebytes.plan import arguments

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["EpochSetter", "Iteration", "ResumableBatches"]


class EpochSetter:
    """What trainers look for as ``.sampler``: it only passes ``set_epoch`` on.

    Parameters
    ----------
    batches : ResumableBatches
        Whose next epoch is set.
    """

    def __init__(self, batches: ResumableBatches) -> None:
        self._batches = weakref.ref(batches)

    def set_epoch(self, epoch: int) -> None:
        """Make the next iteration that of an epoch."""
        batches = self._batches()
        if batches is not None:
            batches.set_epoch(epoch)


class ResumableBatches:
    """The elements of a pipeline, a new epoch at each iteration; where it stands can be saved.

    Parameters
    ----------
    pipeline : Pipeline
        What to hand out, and in which format.
    places : Places
        Where iterations begin.
    share : Share, optional
        Which of the elements a worker makes; None for all.
    """

    def __init__(self, pipeline: Pipeline, places: Places, share: Share | None = None) -> None:
        self._pipeline = pipeline
        self._places = places
        self._share = share
        self._progress: Progress | None = None
        self._told_at = -1  # elements that the last iteration had handed out when it was told
        self._running: weakref.WeakSet[Iteration] = weakref.WeakSet()
        self.sampler = EpochSetter(self)

    def __len__(self) -> int:
        """Return the number of elements in a whole epoch, also while one is continued.

        Raises
        ------
        TypeError
            If the dataset is endless.
        """
        length = self._pipeline.plan.length
        if length is None:
            message = "this dataset is endless and has no length; take(n) gives a finite part"
            raise TypeError(message)
        return length

    def __iter__(self) -> Iteration:
        """Return an iterator that begins an epoch when its first element is asked for."""
        return Iteration(self)

    def set_epoch(self, epoch: int) -> None:
        """Make the next iteration that of an epoch; of one that was loaded, what is left of it.

        Without it, each iteration is the epoch after the one before.
        """
        number = arguments.as_epoch(epoch, "set_epoch(")
        self._tell(self._places.upcoming().told(number))

    def _tell(self, place: Place) -> None:
        progress = self._progress
        self._told_at = -1 if progress is None else progress.taken
        self._places.tell(place)

    def state_dict(self) -> dict[str, Any]:
        """Return where these batches stand, as a small dict ready for JSON.

        It counts what was handed out, and not what was made ahead. When an epoch has ended it is
        the begin of the next.
        """
        progress = self._progress
        # Of a worker whose share has ended it says so: those of others may not have.
        ended = progress is not None and progress.ended and self._share is None
        if progress is None or ended or progress.taken == self._told_at:
            progress = Progress(self._places.upcoming(), self._share)
        return progress.state(self._pipeline.plan)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where others of the same dataset stood: the next iteration begins there.

        Seeds that the dataset drew because none were given are taken from the state. If nothing
        of the state's epoch is left, the next iteration is the epoch after it, unless
        ``set_epoch`` asks for that very epoch.

        Raises
        ------
        ValueError
            If `state` is not a state, or of another plan; the message says what differs.
        """
        taken = None
        if isinstance(state, dict) and "began" in state:
            taken = taken_in(state, self._share)
            state = state["began"]
        resumed = self.take_seeds(state)
        place = Place(resumed.epoch, resumed.position, taken or 0, exact=taken is not None)
        self._tell(place)

    def close(self) -> None:
        """Stop the threads of all iterations; the next one begins new ones."""
        for iteration in tuple(self._running):
            iteration.close()

    def __reduce__(self) -> Any:
        """Refuse to be pickled: threads and counts belong to a process."""
        message = (
            "these batches work only in the process that made them; pickle the dataset instead, "
            "and make them from it there"
        )
        raise TypeError(message)

    def take_seeds(self, state: dict[str, Any]) -> Resumed:
        """Return where a state stands, and have its seeds for those that the dataset drew."""
        resumed = resume(self._pipeline.plan, state)
        if resumed.seeds:
            self._pipeline = Pipeline(resumed.plan, self._pipeline.options)
        return resumed

    def placed(self) -> Iteration:
        """Return an iterator over the epoch that is next now, already counted as begun."""
        return Iteration(self, self._next())

    def begin(self, iteration: Iteration, progress: Progress | None) -> tuple[Iterator, Progress]:
        """Begin what an iteration asks for: by default the epoch that is next."""
        if progress is None:
            progress = self._next()
        place, pipeline, position = progress.place, self._pipeline, progress.place.position
        if self._share is not None:
            part = part_of(pipeline.plan, position, self._share)
            pipeline, position = Pipeline(part, pipeline.options), place.taken
        self._running.add(iteration)
        return Iterator(pipeline, place.epoch, position), progress

    def _next(self) -> Progress:
        """Return how far the next iteration has come, which is nowhere; it is counted as begun."""
        self._progress = Progress(self._places.take(self._pipeline.plan), self._share)
        self._told_at = -1
        return self._progress


class Iteration:
    """One epoch of `ResumableBatches`, begun at the first ``next``.

    Parameters
    ----------
    batches : ResumableBatches
        What is iterated.
    progress : Progress, optional
        Of an epoch that is counted as begun, by default the one that is next then.
    """

    def __init__(self, batches: ResumableBatches, progress: Progress | None = None) -> None:
        self._batches = batches
        self._progress = progress
        self._lock = threading.Lock()
        self._begun: tuple[Iterator, Progress] | None = None
        self._closed = False

    def __iter__(self) -> Self:
        """Return itself."""
        return self

    def __next__(self) -> Any:
        """Return the next element."""
        begun = self._begun
        if begun is None:
            begun = self._begin()
        iterator, progress = begun
        try:
            element = next(iterator)
        except StopIteration:
            progress.ended = progress.ended or not self._closed
            raise
        with self._lock:
            progress.taken += 1
        return element

    def _begin(self) -> tuple[Iterator, Progress]:
        with self._lock:
            if self._closed:
                raise StopIteration
            if self._begun is None:
                self._begun = self._batches.begin(self, self._progress)
            return self._begun

    def close(self) -> None:
        """Stop the threads; what is asked for afterwards is the end."""
        self._closed = True
        begun = self._begun
        if begun is not None:
            begun[0].close()
