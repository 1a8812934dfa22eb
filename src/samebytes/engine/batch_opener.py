"""The batches of an epoch by number: their order, their memory and what fills them, together."""

from __future__ import annotations

import functools
from dataclasses import replace

from samebytes.engine.executor import Batch, Executor
from samebytes.engine.kernels.job import Job
from samebytes.engine.pool_cache import PoolSet
from samebytes.engine.readers import make_reader
from samebytes.engine.schedule import Schedule
from samebytes.plan.reader_choice import ReaderChoice

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
    choice : ReaderChoice
        How the bytes of the sources come into memory.

    Attributes
    ----------
    reader : Reader
        What sees to that.
    """

    def __init__(
        self,
        executor: Executor,
        schedule: Schedule,
        pools: PoolSet,
        pieces: int,
        choice: ReaderChoice,
    ) -> None:
        self._executor = executor
        # It must not refer to this object, which refers to it.
        jobs_of = functools.partial(_jobs_of, executor, schedule)
        regions = [] if executor.held is None else executor.held.regions
        self.reader = make_reader(choice, regions, jobs_of, executor.block_read_bytes)
        self._schedule = schedule
        self._pools = pools
        self._pieces = pieces

    def open(self, number: int) -> Batch | None:
        """Return batch `number` with nothing written yet, None behind the last one."""
        place = self._schedule.at(number)
        if place is None:
            return None
        staged = self.reader.begin(number)
        batch = self._executor.open(self._pools.pools, *place, self._pieces, staged)
        upcoming = self._schedule.upcoming(number)
        if upcoming is None:
            return batch
        return replace(batch, look_ahead=functools.partial(self._schedule.ahead, upcoming))

    def end(self) -> None:
        """Let go of files and sources, when no batch is being made any more."""
        self.reader.end()
        self._executor.end()


def _jobs_of(executor: Executor, schedule: Schedule, number: int) -> list[Job] | None:
    """Return jobs that read what block `number` does, None behind the last one."""
    place = schedule.ahead(number)
    return None if place is None else executor.read_jobs(*place)
