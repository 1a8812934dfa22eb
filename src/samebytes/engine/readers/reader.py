"""What every reader is: it is told which blocks come next, and sees that their bytes are there."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING

from samebytes.plan.reader_choice import ReaderChoice

if TYPE_CHECKING:
    from samebytes.engine.kernels.job import Job
    from samebytes.engine.readers.staging import StagedBlock

__all__ = ["JobsOf", "Reader", "ReaderCounts"]

Task = Callable[[], object]
JobsOf = Callable[[int], "list[Job] | None"]
"""Gives jobs that read what a block does by its number, None behind the last one."""


@dataclass
class ReaderCounts:
    """What a reader did so far.

    Attributes
    ----------
    bytes_useful : int
        Bytes that the pass was given, each range once a block.
    bytes_asked : int
        Bytes that storage was asked for: whole pages, without those that were in memory.
    failed : int
        Calls that the system refused; their pages come by page faults.
    error : int
        Why, for the last of them: a number of `errno`.
    seconds_waiting : float
        Time in which a batch could not be begun because its bytes were not there.
    """

    bytes_useful: int = 0
    bytes_asked: int = 0
    failed: int = 0
    error: int = 0
    seconds_waiting: float = 0.0


class Reader(ABC):
    """Sees that the bytes of a block are there before the pass reads them.

    Parameters
    ----------
    choice : ReaderChoice
        Which one this is, and why.
    depth : int
        Blocks asked for before they are needed.

    Attributes
    ----------
    threads : int
        How many threads run what is in `tasks`.
    tasks : SimpleQueue
        What these threads are to do.
    stopped : bool
        Whether they do it no more.
    """

    threads = 0

    def __init__(self, choice: ReaderChoice, depth: int = 0) -> None:
        self.choice = choice
        self._depth = depth
        self.stopped = False
        self._asked: int | None = None
        self._asking = threading.Lock()
        self.tasks: SimpleQueue[Task | None] = SimpleQueue()
        self.counts = ReaderCounts()
        self._counting = threading.Lock()

    @abstractmethod
    def begin(self, number: int) -> StagedBlock | None:
        """Ask for the blocks behind `number`, and return when its own bytes are there.

        Returns
        -------
        StagedBlock or None
            Where the bytes are to be read instead of where they lie; None to read them there.
        """

    def stop(self) -> None:
        """Note that `tasks` are not done any more; takes no lock, and may be called twice."""
        self.stopped = True

    def end(self) -> None:  # noqa: B027 (most have nothing to let go of)
        """Let go of what it holds, when no batch is being made any more; may be called twice."""

    def _not_yet_asked(self, number: int) -> range:
        """Return which blocks to ask for now that `number` is begun; under the lock `_asking`."""
        first = number if self._asked is None else self._asked
        self._asked = max(first, number + self._depth + 1)
        return range(first, self._asked)

    def count(self, **changes: float) -> None:
        """Add to what is counted; from any thread."""
        with self._counting:
            for name, more in changes.items():
                setattr(self.counts, name, getattr(self.counts, name) + more)
