"""The iterator: threads of its own fill batches ahead; results depend on the plan alone."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from samebytes.dataset.helpings import ahead, together
from samebytes.engine.crew import Crew
from samebytes.engine.executor import Batch, Executor
from samebytes.engine.handing import (
    rows_of,
    tensors_of,
    tensors_of_batches,
    tensors_of_rows,
)
from samebytes.engine.position import Walk, counted_in
from samebytes.engine.shelf import Pools, Shelf, shelf_of
from samebytes.engine.source import Source
from samebytes.engine.state import position_in, state_of
from samebytes.engine.stats import Meter, Stats
from samebytes.memory.cores import available_cores

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Iterator", "iterate"]

BLOCKS_BEYOND = 3
"""Blocks a pool keeps beyond those of threads and prefetch.

One is in the consumer's hands, one more while it asks for the next, and one a framework has not
let go of yet.
"""

_warmed: set[Any] = set()


class Iterator:
    """One epoch of a dataset; batches are filled ahead by threads of its own.

    A batch that is kept is never written again: its block returns to the pool when the last
    alias has died. Use as a context manager, or call `close`, to stop early; else it stops
    when it is exhausted or collected. Several threads may take from one iterator: each element
    goes to one of them. In a forked child it goes on where it stood, with threads of its own.

    Parameters
    ----------
    dataset : Dataset
        What to make, and how.
    epoch : int
        Which epoch of it.
    """

    def __init__(self, dataset: Any, epoch: int) -> None:
        self._plan = dataset.plan
        self._options = dataset.options
        self._together = together(self._plan, self._options.prefetch)
        self._tensors = self._options.format == "tensorflow"
        batches = self._plan.batch_size is not None and not self._plan.later
        self._executor = Executor(self._plan, self._together, whole=self._tensors and batches)
        self._threads = self._options.threads or available_cores()
        self._shelf = shelf_of(dataset.structure)
        self._epoch = epoch
        self._position = 0
        self._closed = False
        self._by_batch = counted_in(self._plan) == "batches"
        self._ready: deque[tuple[Any, int, int]] = deque()
        self._meter = Meter()
        self._pools: Pools | None = None
        self._crews: dict[int, Crew] = {}  # by process: threads do not survive a fork
        self._finalizer: Any = None
        _warm_up(self._executor)

    # ---------------------------------------------------------------------- iteration

    def __iter__(self) -> Self:
        """Give itself."""
        return self

    def __next__(self) -> Any:
        """Give the next element."""
        crew = self._crew()
        with crew.turn:
            self._meter.asked()
            if not self._ready:
                self._ready.extend(self._take(crew))
            element, count, nbytes = self._ready.popleft()
            self._meter.received(nbytes, count)
            self._position += 1 if self._by_batch else count
        return element

    def _take(self, crew: Crew) -> Iterable[tuple[Any, int, int]]:
        """Give what comes next: elements, the samples in each and their bytes."""
        try:
            ticket = crew.next()
        except StopIteration:
            self.close()
            raise
        batch: Batch = ticket.batch  # type: ignore[assignment]  # of a ticket that did not fail
        elements, counts = ticket.element, list(batch.laid[0].counts)
        sample_bytes = sum(laid.sample_bytes for laid in batch.laid)
        sizes = [count * sample_bytes for count in counts]
        if batch.whole:
            elements = tensors_of_batches(self._plan.structure, batch.laid)
        elif self._plan.batch_size is None:
            count = counts[0]
            (whole,) = elements
            elements = tensors_of_rows(whole) if self._tensors else rows_of(whole, count)
            counts, sizes = [1] * count, [sizes[0] // count] * count
        elif self._tensors:
            elements = [tensors_of(element) for element in elements]
        return zip(elements, counts, sizes, strict=True)

    def _crew(self) -> Crew:
        """Give the threads; new ones at first, after `load_state_dict` and in a forked child."""
        process = os.getpid()
        crew = self._crews.get(process)
        if crew is not None:
            return crew
        if self._is_closed():
            raise StopIteration
        for other in tuple(self._crews):
            self._crews.pop(other, None)
        self._ready.clear()  # what was made and not handed out is made again, from the position on
        prepare = self._executor.prepare
        walk = Walk(self._plan, self._epoch, self._position, self._together, prepare)
        upcoming = ahead(self._plan, self._options.prefetch)
        most = self._threads + upcoming + BLOCKS_BEYOND
        pools = self._shelf.take(self._executor.block_bytes, most)
        source = Source(self._executor, walk, pools, self._threads)
        made = Crew(source.open, self._threads, upcoming)
        crew = self._crews.setdefault(process, made)
        if crew is made:  # and not that of a thread that was faster
            self._pools = pools
            # The threads know the crew, not this iterator, so it can be collected.
            self._finalizer = weakref.finalize(self, _let_go, crew, self._shelf, pools)
            self._finalizer.atexit = False
        if self._is_closed():  # by another thread, in the meantime
            crew.close()
        return crew

    def _is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Stop the threads; may be called twice, and from any thread.

        Who waits for an element meanwhile gets StopIteration. A thread inside a mapped function
        is waited for, though not for ever.
        """
        self._closed = True
        self._ready.clear()
        crew = self._crews.get(os.getpid())
        if crew is not None:
            crew.close()
        if self._finalizer is not None:
            self._finalizer()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the threads."""
        self.close()

    # -------------------------------------------------------------------------- state

    def state_dict(self) -> dict[str, Any]:
        """Give where this iterator stands, small and ready for JSON.

        It tells the epoch, the position, and the plan in words, the seeds in it included.
        """
        return state_of(self._plan, self._epoch, self._position)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where another iterator of the same plan stood.

        The number of threads may differ, and so may the batch size, unless verbs after
        ``batch`` choose among batches: the samples then go on where they stopped.

        A dataset without ``seed=`` has drawn one, which another process does not know: such a
        state is refused there, and the message tells the seeds to write into the program.

        Raises
        ------
        ValueError
            If the plan is another one; the message says what differs.
        """
        epoch, position = position_in(state, self._plan)
        self.close()
        self._crews.clear()
        self._closed = False
        self._epoch, self._position = epoch, position

    def stats(self) -> Stats:
        """Give what was made so far, who waited for whom, and what to change."""
        pools = [] if self._pools is None else [pool.stats() for pool in self._pools.pools]
        return self._meter.stats(self._threads, self._options.prefetch, pools)


def _let_go(crew: Crew, shelf: Shelf, pools: Pools) -> None:
    """End what an iterator began, without waiting: this may run anywhere, in any thread."""
    if crew.process == os.getpid():  # else its threads do not exist here
        crew.stop()
        shelf.put(pools)


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


def iterate(dataset: Any, epoch: int) -> Iterator:
    """Give an iterator over `epoch` of `dataset`."""
    return Iterator(dataset, epoch)
