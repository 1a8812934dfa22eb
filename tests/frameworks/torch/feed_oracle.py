"""Where a feed must stand, in plain Python: lists of batches, and a place among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

__all__ = ["FeedOracle"]

Batch = list[int]


@dataclass
class FeedOracle:
    """A feed of the batches of `epoch_of`, which knows no plan, no position and no engine.

    Attributes
    ----------
    epoch_of : callable
        Returns all batches of an epoch.
    epoch, done : int
        The next iteration is this epoch, without so many of its batches.
    exact : bool
        Whether it is begun even if nothing is left of it.
    """

    epoch_of: Callable[[int], list[Batch]]
    epoch: int = 0
    done: int = 0
    exact: bool = False
    running: tuple[int, int] | None = None

    def set_epoch(self, epoch: int) -> None:
        """Name the epoch of the next iteration."""
        if self.upcoming()[0] != epoch:
            self.done = 0
        self.epoch, self.exact, self.running = epoch, True, None

    def upcoming(self) -> tuple[int, int]:
        """Return the epoch of the next iteration, and how much of it is done with."""
        return self.epoch, self.done

    def take(self, count: int | None) -> list[Batch]:
        """Return the first `count` batches of an iteration, or all and the end of it."""
        epoch, done = self.epoch, self.done
        if count == 0:
            return []
        if done and not self.exact and done >= len(self.epoch_of(epoch)):
            epoch, done = epoch + 1, 0
        rest = self.epoch_of(epoch)[done:]
        taken = rest if count is None else rest[:count]
        ended = count is None or count > len(rest)
        self.epoch, self.done, self.exact = epoch + 1, 0, False
        self.running = None if ended else (epoch, done + len(taken))
        return taken

    def saved(self) -> FeedOracle:
        """Return the oracle of who loads the state that would be saved now."""
        epoch, done = self.running or (self.epoch, self.done)
        return replace(self, epoch=epoch, done=done, exact=False, running=None)
