"""Exact pages of mapped files, asked for before the pass reads them.

A page fault reads what the kernel guesses, and waits for it. Shuffled crops of a file that does
not fit in memory come at a twentieth of the disk's rate that way: a window of read-ahead for each
fault, one fault at a time, most of it thrown away. But the order of an epoch is known, so the bytes
of the batches to come are known as well. They are asked for in time, and nothing else is.
"""

from __future__ import annotations

import contextlib
import functools
import mmap
import threading
import time

import numpy as np
import numpy.typing as npt

from samebytes.engine.kernels.job import Job
from samebytes.engine.kernels.storage import advise_ranges, count_missing_pages
from samebytes.engine.readers.byte_ranges import coalesce, ranges_of
from samebytes.engine.readers.reader import JobsOf, Reader
from samebytes.engine.readers.region_table import RegionTable
from samebytes.memory.files.hold import Region
from samebytes.plan.reader_choice import ReaderChoice

__all__ = ["Ahead"]

Indices = npt.NDArray[np.int64]

PAGE = mmap.PAGESIZE

WILL_NEED, POPULATE = 3, 22
"""MADV_WILLNEED and MADV_POPULATE_READ (Linux 5.14)."""

ADVICE_BYTES = 128 << 10
"""Bytes that one call asks for at most: the kernel cuts off, in silence, what is more than the
device's read-ahead or largest request, and 128 KiB is the least that either usually is."""

WHOLE = 1 << 62
"""So many bytes at a time are all at once: for advice that the kernel does not cut off."""

THREADS = 4
"""Threads that ask: a call waits where the device's queue is full, or memory is short."""

PATIENCE = 1.0
"""Seconds that a block waits, at most, until another thread has asked for its pages."""

MOST_QUIET = 64
"""Blocks, at most, for which nobody asks what is in memory once everything always was."""


class Ahead(Reader):
    """Asks for the pages of blocks to come.

    Parameters
    ----------
    choice : ReaderChoice
        That it is this one, and why.
    regions : list of Region
        The mapped files.
    jobs_of : callable
        Gives the jobs of a block by its number, None behind the last one.
    depth : int
        Blocks asked for before they are needed.
    """

    threads = THREADS

    def __init__(
        self, choice: ReaderChoice, regions: list[Region], jobs_of: JobsOf, depth: int
    ) -> None:
        super().__init__(choice, depth)
        self._jobs_of = jobs_of
        self._table = RegionTable(regions)
        self._ranges: dict[int, tuple[Indices, Indices]] = {}
        self._begun: dict[int, threading.Event] = {}
        self._quiet = 0
        self._all_there = 0
        for region in regions:
            if region.alias is not None:
                # Or a fault would read what the kernel guesses, and push out what was asked for.
                region.alias.expect(mmap.MADV_RANDOM)

    def begin(self, number: int) -> None:
        """Ask for the blocks behind `number`, and wait for what is still missing of its own."""
        with self._asking:
            asked = self._not_yet_asked(number)
            if self._quiet > 0:
                self._quiet -= 1
                return
        for upcoming in asked:
            self.tasks.put(functools.partial(self._ask_once, upcoming))
        # Else the pass would fault before anybody has asked.
        self._ask_once(number).wait(PATIENCE)
        found = self._ranges.pop(number, None)
        self._begun.pop(number - 1, None)
        if found is not None:
            started = time.perf_counter()
            # Maps the pages that are there, in one call, and waits for those that are coming.
            advise_ranges(*found, POPULATE, WHOLE)
            self.count(seconds_waiting=time.perf_counter() - started)

    def _ask_once(self, number: int) -> threading.Event:
        """Ask for a block unless somebody has begun to; return what tells that it was done."""
        with self._asking:
            first = number not in self._begun
            done = self._begun.setdefault(number, threading.Event())
        if first:
            # What fails here fails again where the batch is made, and is raised there.
            with contextlib.suppress(Exception):
                self._ask(number)
            done.set()
        return done

    def _ask(self, number: int) -> None:
        """Ask for the pages of a block that are not in memory."""
        jobs = self._jobs_of(number)
        if jobs is None:
            return
        starts, stops = self._pages_of(jobs)
        if not len(starts):
            return
        missing = np.empty(len(starts), np.int64)
        seen = np.empty(int((stops - starts).max()) // PAGE, np.uint8)
        if count_missing_pages(starts, stops, seen, missing):
            needed = missing > 0
            with self._asking:
                self._all_there = 0 if needed.any() else self._all_there + 1
                if self._all_there > self._depth:
                    self._quiet = min(self._all_there, MOST_QUIET)
            starts, stops = starts[needed], stops[needed]
            self.count(bytes_asked=int(missing.sum()) * PAGE)
        if len(starts):
            self._advise(starts, stops, WILL_NEED, ADVICE_BYTES)
            self._ranges[number] = starts, stops

    def _advise(self, starts: Indices, stops: Indices, advice: int, most: int) -> None:
        failed, error = advise_ranges(starts, stops, advice, most)
        if failed:
            self.count(failed=failed)
            self.counts.error = error

    def _pages_of(self, jobs: list[Job]) -> tuple[Indices, Indices]:
        """Return the whole pages that jobs read of the files, sorted, each once."""
        found = [ranges_of(job) for job in jobs]
        starts, stops, _ = self._table.within(
            np.concatenate([one.starts.reshape(-1) for one in found]),
            np.concatenate([one.stops.reshape(-1) for one in found]),
        )
        self.count(bytes_useful=int((stops - starts).sum()))
        if not len(starts):
            return starts, stops
        starts, stops = starts // PAGE * PAGE, -(-stops // PAGE) * PAGE
        return coalesce(starts, stops, 0)
