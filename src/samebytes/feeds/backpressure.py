"""Backpressure: whoever reads ahead without a limit is let wait until it has let go of batches.

Keras on TensorFlow reads a ``PyDataset`` through ``tf.data``, with a buffer behind it that tf.data
lets grow whenever training found it empty: 7 to 17 batches of 38.5 MB were alive at once. The size
of that buffer is not ours to set; when it is given the next batch is.

What was let go of shows when it dies. A consumer that keeps its batches would wait for ever, so
nobody waits longer than for a while: the batches that are out are then taken for kept and written
off, and each time this happens the next while is half as long. When one of them dies after all,
the consumer was slow, not keeping: from then on it is given twice the time it took.
"""

from __future__ import annotations

import contextlib
import itertools
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

__all__ = ["Backpressure"]

PATIENCE = 1.0
"""Seconds without a death after which batches are taken for kept."""

MOST_PATIENCE = 30.0
"""The same of a consumer as slow as any: a step of training takes less than half of it."""

FIRST_PAUSE, LONGEST_PAUSE = 0.0002, 0.002
"""Seconds between two looks, at first and at most: one batch that is out is being trained on, and
the other is there for as long as that takes."""


@dataclass(frozen=True)
class _InFlight:
    alias: weakref.ref[Any]
    since: float


class Backpressure:
    """Counts batches that are out, and lets who asks for more wait while they are too many.

    Parameters
    ----------
    most : int
        Batches that may be out when the next is handed out.
    settle : callable
        Makes the consumer drop what it no longer uses and only has not come to yet.
    patience : float, optional
        Seconds without a death after which batches are taken for kept; 0 if nothing dies by
        waiting: nobody ever waits then.

    Examples
    --------
    >>> import numpy as np
    >>> pressure = Backpressure(2)
    >>> first, second = pressure.track(np.zeros(3)), pressure.track(np.zeros(3))
    >>> pressure.full
    True
    >>> del first
    >>> pressure.full
    False
    """

    def __init__(
        self,
        most: int,
        settle: Callable[[], object] = lambda: None,
        patience: float | None = None,
    ) -> None:
        self._most = most
        self._settle = settle
        # Dicts, whose single steps need no lock: an array may die in the middle of anything.
        self._in_flight: dict[int, _InFlight] = {}
        self._written_off: dict[int, _InFlight] = {}
        self._numbers = itertools.count()
        self._slowest = self._patience = PATIENCE if patience is None else patience

    @property
    def full(self) -> bool:
        """Whether as many are out as may be."""
        return len(self._in_flight) >= self._most

    def track(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return `array`, and count it as out until it dies."""
        number = next(self._numbers)
        alias = weakref.ref(array, lambda _: self._died(number))
        self._in_flight[number] = _InFlight(alias, time.monotonic())
        return array

    def wait(self) -> None:
        """Return when fewer are out than may be, or those that are count as kept."""
        end, pause = time.monotonic() + self._patience, FIRST_PAUSE
        while self._still_full():
            if time.monotonic() >= end:
                self._write_off()
                return
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _still_full(self) -> bool:
        if not self.full:
            return False
        self._settle()
        return len(self._in_flight) >= self._most

    def _write_off(self) -> None:
        while self._in_flight:
            with contextlib.suppress(KeyError):  # the last one died just now
                number, one = self._in_flight.popitem()
                self._written_off[number] = one
                if one.alias() is None:
                    self._written_off.pop(number, None)
        self._patience /= 2

    def _died(self, number: int) -> None:
        self._in_flight.pop(number, None)
        slow = self._written_off.pop(number, None)
        if slow is not None and self._slowest:
            took = time.monotonic() - slow.since
            self._slowest = min(max(self._slowest, 2 * took), MOST_PATIENCE)
            self._patience = self._slowest
