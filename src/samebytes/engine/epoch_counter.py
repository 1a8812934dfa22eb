"""Which epoch an iteration is of: counted, or told by whoever resumes a training."""

from __future__ import annotations

import threading

__all__ = ["EpochCounter"]


class EpochCounter:
    """Counts the epochs of a dataset; one that resumes a training begins in the middle of one.

    A feed asks it for the epoch of each iteration, and where in that epoch it begins.

    Attributes
    ----------
    upcoming : int
        The epoch that the next iteration is given, unless it is told another.
    """

    resumes = False
    """Whether iterations may begin in the middle of an epoch, and epochs be those of a ``fit``."""
    fitting = False
    """Whether a ``fit`` is on its way, and says which epoch is upcoming."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.upcoming = 0

    def derived(self) -> EpochCounter:
        """Return the counter of a dataset that is made of this one's."""
        return EpochCounter()

    def next_epoch(self) -> int:
        """Return the number of the next epoch, and count it as begun."""
        with self._lock:
            self.upcoming += 1
            return self.upcoming - 1

    def continue_behind(self, epoch: int) -> None:
        """Count on from an epoch that was begun because somebody said so."""
        self.upcoming = epoch + 1

    def batches_done(self, epoch: int) -> int:  # noqa: ARG002 (of those that resume)
        """Return how many batches of an epoch are left out, being done with."""
        return 0

    def position_in(self, epoch: int) -> int:  # noqa: ARG002 (of those that resume)
        """Return where in an epoch an iteration begins, in what the engine counts."""
        return 0
