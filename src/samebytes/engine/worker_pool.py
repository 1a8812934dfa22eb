"""The threads of an iterator, and the batches they have in work.

Why no lock guards the work, only queues and single steps that are whole by themselves
(``SimpleQueue.put``, ``deque.append``, ``list.pop``): an iterator may be collected at any moment,
in any thread, in the middle of anything, also in the middle of a locked section; what its end has
to do must then be possible without taking a lock. So stopping is one flag and one message.

Why the consumer only appends pending batches and says that there are some: a Ctrl-C reaches it
between any two steps, and never the threads. What it has left half done it does again when it next
asks.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from numba.core.compiler_lock import global_compiler_lock

from samebytes.engine.executor import Batch, WorkItem

__all__ = ["PendingBatch", "WorkerPool"]

CLOSE_SECONDS = 10.0
"""The longest that closing waits for a thread: it may be inside a function of the user's."""

_running: set[WorkerPool] = set()


class PendingBatch:
    """A batch from the moment it is asked for to the moment it is handed out."""

    __slots__ = ("batch", "element", "ended", "failure", "gate", "number", "resolved", "unfinished")

    def __init__(self) -> None:
        self.number = 0
        self.batch: Batch | None = None
        self.element: Any = None
        self.failure: BaseException | None = None
        self.ended = False
        self.resolved = False
        # One item a task that is not finished. Who pops item 0 was the last.
        self.unfinished = [0]
        self.gate = threading.Lock()
        self.gate.acquire()

    def wake(self) -> None:
        """Let go who waits for this batch; may be called twice."""
        with contextlib.suppress(RuntimeError):
            self.gate.release()


class _Worker(threading.Thread):
    """A thread of a worker pool; a class of its own, to know one's own kind by."""


class WorkerPool:
    """Threads that make the elements of one iterator ahead of its consumer.

    A task opens a batch (its numbers, its blocks), fills a piece of one, or does what later ones
    are opened faster by. The numbers of a batch are made while the one before is filled, and one
    huge batch uses every thread. Which thread does what changes no byte.

    Parameters
    ----------
    open_batch : callable
        Gives the batch of a number, None behind the last one. Called from any thread. It must
        not refer to the iterator, or that would never be collected.
    threads : int
        How many.
    ahead : int
        Elements that are made before they are asked for.
    ended : callable
        Called when the last thread has ended; from any thread, perhaps twice.
    reading : SimpleQueue, optional
        Other tasks, which wait for storage and not for a core.
    reading_threads : int
        How many threads do those.
    stopped : callable, optional
        Called when no task is done any more, so that no thread waits for what one would have done.
        It takes no lock, and may be called anywhere, more than once.
    """

    def __init__(
        self,
        open_batch: Callable[[int], Batch | None],
        threads: int,
        ahead: int,
        ended: Callable[[], object],
        reading: SimpleQueue[Callable[[], object] | None] | None = None,
        reading_threads: int = 0,
        stopped: Callable[[], object] = lambda: None,
    ) -> None:
        self._open_batch = open_batch
        self._ended = ended
        self._stopped = stopped
        self._threads = threads
        self._reading_threads = reading_threads
        self._reading = SimpleQueue() if reading is None else reading
        self._ahead = ahead
        self._tasks: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._pending: deque[PendingBatch] = deque()
        self._unopened: deque[PendingBatch] = deque()
        self._opening = threading.Lock()  # a flag: nobody ever waits for it
        self._alive = list(range(threads + reading_threads))
        self._workers: list[_Worker] = []
        self._unstarted: list[_Worker] = []
        self._failure: BaseException | None = None
        self._closing: set[int] = set()
        self.closed = False
        self.broken = False
        """Whether some threads could not be started, so that another pool has to go on."""
        self.process = os.getpid()
        self.consumer_lock = threading.RLock()
        """Held by the one consumer that is in `next`, also while it waits."""

    # ----------------------------------------------------------- the consumer's side

    def next(self, number: int) -> PendingBatch | None:
        """Return pending batch `number` with its element; the caller holds `consumer_lock`.

        Those before it are let go. Whoever is interrupted, at whatever moment, asks for the same
        number again and gets the same batch; None where a signal's handler, in the same thread,
        has taken and let go of it in the meantime.

        Raises
        ------
        StopIteration
            Behind the last element, and once closed.
        BaseException
            What making the element raised, once; after that there is no further one.
        """
        while not self.closed:
            head = self._request(number)
            if head is None or self.closed:  # by another thread, in the meantime
                continue
            if head.number > number:
                return None
            if not head.resolved:
                self._check_alive()
                head.gate.acquire()
                head.wake()  # open for good: a signal's handler may have waited here as well
                continue
            if head.ended:
                break
            if head.failure is None:
                return head
            self._failure = head.failure
            del head  # or the traceback would keep the batch alive
            self.close()
        _block_at_exit()
        # Kept until here, since closing waits and may be interrupted.
        failure, self._failure = self._failure, None
        if failure is None:
            raise StopIteration
        try:
            raise failure
        finally:
            del failure

    def forget_before(self, number: int) -> None:
        """Forget the batches before `number`, and with them the memory of their elements."""
        while (head := self._pending_at(0)) is not None and head.number < number:
            # This very one: another may be the first by now.
            with contextlib.suppress(ValueError):
                self._pending.remove(head)

    def _pending_at(self, place: int) -> PendingBatch | None:
        """Return a pending batch, None where there is none: it may be gone at any moment."""
        try:
            return self._pending[place]
        except IndexError:
            return None

    def _request(self, number: int) -> PendingBatch | None:
        """Let the threads make batch `number` and those ahead of it; give it, unless closed."""
        self._start()
        self.forget_before(number)
        while len(self._pending) <= self._ahead and not self.closed:
            pending, last = PendingBatch(), self._pending_at(-1)
            pending.number = number if last is None else last.number + 1
            # In this order: one that is opened in vain does no harm, one that never is would.
            self._unopened.append(pending)
            self._pending.append(pending)
        # A thread that opens one looks for others when it has.
        if self._unopened and not self._opening.locked():
            self._tasks.put(self._open_next)
        return self._pending_at(0)

    def _start(self) -> None:
        if self.closed or (self._workers and not self._unstarted):
            return
        try:
            _running.add(self)
            _end_before_others()
            queues = [self._tasks] * self._threads + [self._reading] * self._reading_threads
            workers = [
                _Worker(target=self._work, args=(tasks,), name=f"samebytes-{number}", daemon=True)
                for number, tasks in enumerate(queues)
            ]
            unstarted = list(workers)
            if not self._workers:  # by a signal's handler, in the meantime
                self._workers, self._unstarted = workers, unstarted
            with contextlib.suppress(IndexError):
                while True:
                    self._unstarted.pop().start()
        except BaseException:
            self.broken = True
            self.stop()
            _running.discard(self)
            raise

    def _check_alive(self) -> None:
        """Refuse to wait where no thread runs: it would be for ever.

        Raises
        ------
        RuntimeError
            In a signal's handler that has interrupted the start of the threads.
        """
        if all(worker.ident is None for worker in self._workers):
            message = (
                "a signal handler asked for a batch while the code it interrupted was starting the "
                "threads that make batches; ask after the handler has returned"
            )
            raise RuntimeError(message)

    # ----------------------------------------------------------------------- the end

    def stop(self) -> None:
        """Tell the threads to end, and return at once; possible anywhere, in a finalizer too."""
        self.closed = True
        self._stopped()
        self._tasks.put(None)
        self._reading.put(None)

    def close(self) -> None:
        """End the threads, wake the consumer, wait for pieces in flight; may be called twice."""
        self.stop()
        for pending in tuple(self._pending):
            pending.wake()
        self._pending.clear()
        if not self._workers:
            self._ended()
        here = threading.get_ident()
        if isinstance(threading.current_thread(), _Worker) or here in self._closing:
            # Threads that waited for each other would wait for ever; and so would a signal's
            # handler, for a lock inside of `join` that its own thread holds.
            return
        self._closing.add(here)
        try:
            deadline = time.monotonic() + CLOSE_SECONDS
            for worker in self._workers:
                if worker.ident is not None:
                    worker.join(max(0.0, deadline - time.monotonic()))
        finally:
            self._closing.discard(here)

    # ---------------------------------------------------------- the threads' side

    def _open_next(self) -> None:
        """See that a batch is opened, one at a time, while the one before it is filled."""
        while self._unopened and self._opening.acquire(blocking=False):
            try:
                pending = self._unopened.popleft()
            except IndexError:  # noqa: PERF203 (another thread was faster: look again before going)
                self._opening.release()
            else:
                self._tasks.put(partial(self._run_task, pending, None))
                return

    def _work(self, tasks: SimpleQueue[Callable[[], object] | None]) -> None:
        while (task := tasks.get()) is not None:
            task()
            del task  # or an idle thread would keep a batch alive
        # What is still to do is not done any more; the message goes on to the other threads.
        with contextlib.suppress(Empty):
            while True:
                tasks.get_nowait()
        tasks.put(None)
        if self._alive.pop() == 0:
            self._ended()
            _running.discard(self)

    def _run_task(self, pending: PendingBatch, piece: WorkItem | None) -> None:
        if self.closed:
            return
        try:
            if piece is None:
                piece = self._open(pending)
            if piece is not None and pending.failure is None:
                piece.fill()
        except BaseException as failure:  # noqa: BLE001 (raised again by the consumer)
            # Once closed nobody takes it, and its traceback would keep all of this alive.
            if not self.closed:
                pending.failure = pending.failure or failure
        if pending.unfinished.pop() == 0:
            self._complete(pending)

    def _open(self, pending: PendingBatch) -> WorkItem | None:
        """Make the batch of `pending`, leave its pieces to all, and give the first of them."""
        try:
            batch = self._open_batch(pending.number)
        finally:
            # Before the pieces: behind them the next batch would be opened when all are filled,
            # by one thread, while the others had nothing to do.
            self._opening.release()
            self._open_next()
        if batch is None:
            pending.ended = True
            return None
        pending.batch = batch
        first, *others = batch.pieces
        pending.unfinished = list(range(len(batch.pieces)))
        for piece in others:
            self._tasks.put(partial(self._run_task, pending, piece))
        if batch.look_ahead is not None:
            self._tasks.put(partial(self._look_ahead, batch.look_ahead))
        return first

    def _look_ahead(self, look_ahead: Callable[[], object]) -> None:
        if not self.closed:
            # What fails here fails again where it is needed, and is raised by that batch.
            with contextlib.suppress(Exception):
                look_ahead()

    def _complete(self, pending: PendingBatch) -> None:
        try:
            if pending.batch is not None and pending.failure is None:
                pending.element = pending.batch.finish()
        except StopIteration as failure:
            # As it is it would end the consumer's loop, in silence and too early.
            message = "a mapped function raised StopIteration, which would end the loop early"
            pending.failure = RuntimeError(message)
            pending.failure.__cause__ = failure
        except BaseException as failure:  # noqa: BLE001 (raised again by the consumer)
            pending.failure = failure
        pending.resolved = True
        pending.wake()


# ------------------------------------------------------------------ exit and fork

_exiting = False


def _block_at_exit() -> None:
    """Keep a daemon thread from taking the end of the process for the end of the data."""
    here = threading.current_thread()
    # Threads that Python did not start (TensorFlow's) are waited for by those who did.
    if _exiting and here.daemon and type(here).__name__ != "_DummyThread":
        threading.Event().wait()


def _close_all() -> None:
    """End all threads before the interpreter goes: in a piece, one would find it half gone."""
    global _exiting
    _exiting = True
    for pool in tuple(_running):
        if pool.process == os.getpid():
            pool.close()
    # And a thread that compiles would find LLVM gone. Kept, so that none begins to.
    global_compiler_lock.acquire()


atexit.register(_close_all)


def _end_before_others() -> None:
    """See that threads end before the libraries that they call, also those imported later.

    Zarr stops its own threads at exit, and one of ours would wait for them.
    """
    if not _exiting:
        atexit.unregister(_close_all)
        atexit.register(_close_all)


if hasattr(os, "register_at_fork"):
    # A child that is forked while a thread compiles would wait for that thread for ever.
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )
