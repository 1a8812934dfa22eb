"""The iterator: threads of its own fill batches ahead; results depend on the plan alone."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from samebytes.engine.batch_opener import BatchOpener
from samebytes.engine.checkpoint import resume, state_of
from samebytes.engine.executor import Batch, Executor
from samebytes.engine.formatting import formatter_of
from samebytes.engine.pipeline import Pipeline
from samebytes.engine.pool_cache import PoolCache, PoolSet, pool_cache_of
from samebytes.engine.prefetch_limit import blocks_ahead_in_memory
from samebytes.engine.readers.reader import Reader
from samebytes.engine.schedule import Schedule, counted_in
from samebytes.engine.stats import Meter, Stats
from samebytes.engine.worker_pool import WorkerPool
from samebytes.errors import FileError
from samebytes.memory.cores import available_cores
from samebytes.plan.distribute import check_seeds
from samebytes.plan.prefetch import batches_per_block
from samebytes.plan.reader_choice import choose_reader

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Iterator"]

BLOCKS_BEYOND = 3
"""Blocks a pool keeps beyond those of threads and prefetch.

One is in the consumer's hands, one more while it asks for the next, and one a framework has not
let go of yet.
"""

_warmed: set[Any] = set()


@dataclass(frozen=True)
class _Ready:
    """What was taken from a worker pool and not handed out yet.

    Attributes
    ----------
    position : int
        Behind all of it.
    workers : WorkerPool, optional
        Who made it.
    number : int
        Of the next batch that they make, or of the next block of batches.
    elements : deque of (element, what it counts in positions, samples, bytes)
        What is left.
    """

    position: int
    workers: WorkerPool | None = None
    number: int = 0
    elements: deque[tuple[Any, int, int, int]] = field(default_factory=deque)


class Iterator:
    """One epoch of a dataset; batches are filled ahead by threads of its own.

    A batch that you keep is never overwritten: its block returns to the pool when the last alias
    has died. To stop early, use it as a context manager, or call `close`; otherwise it stops when
    it is exhausted or collected. Several threads may share one iterator: each element goes to one
    of them. In a forked child, it continues where it stood, with threads of its own.

    Parameters
    ----------
    pipeline : Pipeline
        What to make, and how.
    epoch : int
        Which epoch.
    position : int
        Where to begin, in the unit that `counted_in` gives.
    """

    def __init__(self, pipeline: Pipeline, epoch: int, position: int = 0) -> None:
        self._plan = pipeline.plan
        self._options = pipeline.options
        self._batches_per_block = batches_per_block(self._plan, self._options.prefetch)
        self._formatter = formatter_of(self._options.format)
        if not self._plan.later:
            self._formatter.check((c.name, c.spec.dtype) for c in self._plan.components)
        self._executor = pipeline.executor
        self._threads = self._options.threads or max(
            available_cores() // self._options.processes, 1
        )
        self._pool_cache = pool_cache_of(self._plan.structure)
        self._epoch = epoch
        self._closed = False
        self._by_batch = counted_in(self._plan) == "batches"
        self._ready = _Ready(position)
        self._meter = Meter()
        self._pools: PoolSet | None = None
        self._worker_pools: dict[int, WorkerPool] = {}  # by process: threads do not survive a fork
        self._finalizer: Any = None
        self._reader: Reader | None = None
        _warm_up(self._executor)

    # ---------------------------------------------------------------------- iteration

    def __iter__(self) -> Self:
        """Return itself."""
        return self

    def __next__(self) -> Any:
        """Return the next element."""
        while True:
            workers = self._workers()
            with workers.consumer_lock:
                if self._closed:
                    raise StopIteration
                if not workers.broken:  # another consumer may have failed to start its threads
                    return self._next_of(workers)

    def _next_of(self, workers: WorkerPool) -> Any:
        """Return the next element of `workers`, whose turn is ours.

        A Ctrl-C or a signal's handler that takes from here itself comes between any two steps;
        each step therefore either happens whole or leaves all as it was.
        """
        self._meter.asked()
        before = self._ready
        if before.workers is not workers:
            fresh = _Ready(self._position, workers)
            if self._ready is before:
                self._ready = fresh
        while True:
            ready = self._ready
            try:
                element, _, count, nbytes = ready.elements[0]
            except IndexError:
                used_up = ready
            else:
                del ready.elements[0]  # no call in between, and so no signal
                self._meter.received(nbytes, count)
                return element
            self._take_more(workers, used_up)  # out here: an error of the user's stays the only one

    def _take_more(self, workers: WorkerPool, ready: _Ready) -> None:
        """Put what comes behind `ready`, which is used up, in its place."""
        taken = self._take(workers, ready.number)
        if taken is None:
            return
        elements = deque(taken)
        position = ready.position + sum(counted for _, counted, _, _ in elements)
        following = _Ready(position, workers, ready.number + 1, elements)
        if self._ready is ready:
            self._ready = following
        workers.forget_before(self._ready.number)

    @property
    def _position(self) -> int:
        """Of the next element."""
        ready = self._ready
        return ready.position - sum(counted for _, counted, _, _ in tuple(ready.elements))

    def _take(self, workers: WorkerPool, number: int) -> Iterable[tuple[Any, int, int, int]] | None:
        """Return what batch `number` brings: elements, their counts, samples and bytes."""
        try:
            pending = workers.next(number)
        except StopIteration:
            self.close()
            raise
        if pending is None:
            return None
        batch: Batch = pending.batch  # type: ignore[assignment]  # None only where it failed
        elements, counts = pending.element, list(batch.views[0].counts)
        sample_bytes = sum(views.sample_bytes for views in batch.views)
        sizes = [count * sample_bytes for count in counts]
        formatter = self._formatter
        if batch.whole and formatter.batches is not None:
            elements = formatter.batches(self._plan.structure, batch.views)
        elif self._plan.batch_size is None:
            count = counts[0]
            (samples,) = elements
            elements = formatter.rows(samples, count)
            counts, sizes = [1] * count, [sizes[0] // count] * count
        else:
            elements = [formatter.element(element) for element in elements]
        counted = [1] * len(counts) if self._by_batch else counts
        return zip(elements, counted, counts, sizes, strict=True)

    def _workers(self) -> WorkerPool:
        """Return the threads; new ones at first, after `load_state_dict` and in a forked child."""
        process = os.getpid()
        workers = self._worker_pools.get(process)
        if workers is not None and not workers.broken:
            return workers
        if self._is_closed():
            raise StopIteration
        for other, gone in tuple(self._worker_pools.items()):
            if other != process or gone.broken:
                self._worker_pools.pop(other, None)
        check_seeds(self._plan)  # not before: a state may have brought some
        try:
            executor = self._executor.begin()
        except FileError:
            self._closed = True  # as after every other error, there is no further element
            raise
        begin = self._epoch, self._position
        schedule = Schedule(
            self._plan,
            *begin,
            self._batches_per_block,
            executor.prepare,
            executor.numbers_per_sample,
        )
        upcoming = blocks_ahead_in_memory(self._plan, self._options.prefetch, executor.block_bytes)
        most = self._threads + upcoming + BLOCKS_BEYOND
        pools = self._pool_cache.take(executor.block_bytes, most)
        choice = choose_reader(self._plan, self._options.reader)
        try:
            batches = BatchOpener(executor, schedule, pools, self._threads, choice)
        except (FileError, OSError):
            self._closed = True
            executor.end()
            raise
        reader = batches.reader
        made = WorkerPool(
            batches.open,
            self._threads,
            upcoming,
            batches.end,
            reader.tasks,
            reader.threads,
            reader.stop,
        )
        # The threads know their pool, not this iterator, so it can be collected.
        finalizer = weakref.finalize(self, _end_run, made, self._pool_cache, pools)
        finalizer.atexit = False
        workers = self._worker_pools.setdefault(process, made)
        if workers is made:
            self._pools, self._finalizer, self._reader = pools, finalizer, reader
        else:  # another thread was faster
            finalizer()
        if self._is_closed():  # by another thread, in the meantime
            workers.close()
        return workers

    def _is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Stop the threads; may be called twice, and from any thread.

        A thread that is waiting for an element gets StopIteration. A thread inside a mapped
        function is waited for, but not forever.
        """
        self._closed = True
        self._ready = _Ready(self._position)
        workers = self._worker_pools.get(os.getpid())
        if workers is not None:
            workers.close()
        if self._finalizer is not None:
            self._finalizer()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the threads."""
        self.close()

    # -------------------------------------------------------------------------- state

    def state_dict(self) -> dict[str, Any]:
        """Return where this iterator stands, as a small dict ready for JSON.

        It contains the epoch, the position, and the plan in words, including its seeds.
        """
        return state_of(self._plan, self._epoch, self._position)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where another iterator of the same plan stood.

        The number of threads may differ, and so may the batch size, unless methods after ``batch``
        choose among batches: the samples continue where they stopped.

        Seeds that the dataset drew because none were given are taken from the state, in this
        process or another, so this iterator continues exactly as the saved one would have. Other
        iterators of the same dataset keep the seeds that it drew.

        Raises
        ------
        ValueError
            If `state` is not a state, its plan is a different one, or a seed that was given
            differs; the message says what came and what differs.
        """
        resumed = resume(self._plan, state, anywhere=True)
        self.close()
        self._worker_pools.clear()
        if resumed.plan is not self._plan:
            self._plan = resumed.plan
            self._executor = Pipeline(resumed.plan, self._options).executor
        self._closed = False
        self._epoch, self._ready = resumed.epoch, _Ready(resumed.position)

    def stats(self) -> Stats:
        """Return what has been made so far, who waited for whom, and what to change."""
        pools = [] if self._pools is None else [pool.stats() for pool in self._pools.pools]
        return self._meter.stats(self._threads, self._options.prefetch, pools, self._reader)


def _end_run(workers: WorkerPool, pool_cache: PoolCache, pools: PoolSet) -> None:
    """End what an iterator began, without waiting: this may run anywhere, in any thread."""
    if workers.process == os.getpid():  # else its threads do not exist here
        workers.stop()
        pool_cache.put(pools)


def _warm_up(executor: Executor) -> None:
    """Compile in a thread what this process has not compiled yet, while the user goes on."""
    if executor.kinds <= _warmed:
        return
    _warmed.update(executor.kinds)

    def warm_up() -> None:
        # What cannot be compiled fails again where the consumer sees it.
        with contextlib.suppress(Exception):
            executor.warm_up()

    threading.Thread(target=warm_up, name="samebytes-warm-up", daemon=True).start()
