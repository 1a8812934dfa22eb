"""Reading what comes next while what came is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")


def ahead(jobs: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Yield what jobs return, in order; each is done by a thread while the one before is used.

    Examples
    --------
    >>> list(ahead([lambda: 1, lambda: 2]))
    [1, 2]
    """
    with ThreadPoolExecutor(1, "samebytes-reads") as thread:
        running: Future[T] | None = None
        for job in jobs:
            coming = thread.submit(job)
            if running is not None:
                yield running.result()
            running = coming
        if running is not None:
            yield running.result()
