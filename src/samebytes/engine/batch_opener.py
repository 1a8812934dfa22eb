"""The batches of an epoch by number: their order, their memory and what fills them, together."""

from __future__ import annotations

import functools
from dataclasses import replace

from samebytes.engine.executor import Batch, Executor
from samebytes.engine.pool_cache import PoolSet
from samebytes.engine.schedule import Schedule

__all__ = ["BatchOpener"]


class BatchOpener:
    """Opens the batch of any number, in any order, from any thread; it knows no iterator.

    Parameters
    ----------
    executor : Executor
        Of the plan.
    schedule : Schedule
        Which samples are in which batch.
    pools : PoolSet
        Where the blocks come from.
    pieces : int
        Into about how many pieces to cut a batch.
    """

    def __init__(self, executor: Executor, schedule: Schedule, pools: PoolSet, pieces: int) -> None:
        self._executor = executor
        self._schedule = schedule
        self._pools = pools
        self._pieces = pieces

    def open(self, number: int) -> Batch | None:
        """Return batch `number` with nothing written yet, None behind the last one."""
        place = self._schedule.at(number)
        if place is None:
            return None
        batch = self._executor.open(self._pools.pools, *place, self._pieces)
        upcoming = self._schedule.upcoming(number)
        if upcoming is None:
            return batch
        return replace(batch, look_ahead=functools.partial(self._schedule.at, upcoming))
