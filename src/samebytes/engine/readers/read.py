"""Exact ranges of files, read into memory of ours; no page of a mapping is touched.

For where mapping is wrong: on a network file system a page fault waits for a round trip, and a
server that has gone leaves a thread that no signal reaches. A read that fails is an error with a
name, and one that comes short says by how much.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.kernels.job import Job
from samebytes.engine.kernels.storage import NOTHING_LEFT, read_ranges
from samebytes.engine.readers.byte_ranges import coalesce, whole_ranges_of
from samebytes.engine.readers.reader import JobsOf, Reader
from samebytes.engine.readers.staging import StagedBlock, StagingPool
from samebytes.errors import FileError
from samebytes.memory.aligned import address_of
from samebytes.memory.files.hold import Region
from samebytes.plan.reader_choice import ReaderChoice

__all__ = ["Read"]

Indices = npt.NDArray[np.int64]

GAP_BYTES = 16 << 10
"""Ranges that lie closer are read as one: so much more takes a disk as long as another request."""

ADDRESS_BITS = 47
"""Addresses of a process are smaller than two to this."""

THREADS = 8
"""Threads that read; a disk of some 100 µs needs about so many requests at a time."""

TASK_BYTES = 1 << 20
"""Bytes that one thread reads before it looks for other work, about."""

PATIENCE = 0.05
"""Seconds after which a thread that waits for bytes looks whether all was closed meanwhile."""


@dataclass
class _Pending:
    """A block that is being read."""

    staged: StagedBlock | None = None
    left: list[int] = field(default_factory=lambda: [0])
    failure: BaseException | None = None
    ready: threading.Event = field(default_factory=threading.Event)


class Read(Reader):
    """Reads the ranges of blocks to come.

    Parameters
    ----------
    choice : ReaderChoice
        That it is this one, and why.
    regions : list of Region
        The mapped files, whose addresses jobs have.
    jobs_of : callable
        Gives the jobs of a block by its number, None behind the last one.
    depth : int
        Blocks read before they are needed.

    Raises
    ------
    FileError
        If a file is no longer the one that was mapped.
    """

    threads = THREADS

    def __init__(
        self, choice: ReaderChoice, regions: list[Region], jobs_of: JobsOf, depth: int
    ) -> None:
        super().__init__(choice)
        self._closed = False
        self._files: list[int] = []
        self._jobs_of = jobs_of
        self._depth = depth
        self._regions = sorted(regions, key=lambda region: region.address)
        self._begins = np.array([region.address for region in self._regions], np.int64)
        self._ends = self._begins + np.array([region.nbytes for region in self._regions], np.int64)
        self._pool = StagingPool()
        self._pending: dict[int, _Pending] = {}
        self._asked: int | None = None
        self._asking = threading.Lock()
        try:
            for region in self._regions:
                self._files.append(_open(region))
        except BaseException:
            self.end()
            raise
        self._offsets = np.array([region.file_offset for region in self._regions], np.int64)

    def begin(self, number: int) -> StagedBlock | None:
        """Read the blocks behind `number`, and return its own once it is here.

        Raises
        ------
        WrongSize
            If a file ended before its bytes did.
        OSError
            As the system says it, with the file's name.
        """
        with self._asking:
            first = number if self._asked is None else self._asked
            self._asked = max(first, number + self._depth + 1)
            asked = range(first, self._asked)
            for upcoming in asked:
                self._pending[upcoming] = _Pending()
            if number not in self._pending:
                self._pending[number] = _Pending()
                asked = range(number, number + 1)
        for upcoming in asked:
            self.tasks.put(functools.partial(self._ask, upcoming))
        pending = self._pending[number]
        started = time.perf_counter()
        while not pending.ready.wait(PATIENCE):
            if self._closed:
                message = "the reader was closed while a batch waited for its bytes"
                raise RuntimeError(message)
        self.count(seconds_waiting=time.perf_counter() - started)
        del self._pending[number]
        if pending.failure is not None:
            raise pending.failure
        return pending.staged

    def end(self) -> None:
        """Close the files."""
        self._closed = True
        files, self._files = self._files, []
        for file in files:
            os.close(file)

    def __del__(self) -> None:
        """Close the files, where whoever made this was interrupted before it could end it."""
        self.end()

    def _ask(self, number: int) -> None:
        """Find the ranges of a block, and leave them to all threads."""
        pending = self._pending.get(number)
        if pending is None:
            return
        try:
            jobs = self._jobs_of(number)
            parts = [] if jobs is None else self._stage(pending, jobs)
        except BaseException as failure:  # noqa: BLE001 (raised again by who waits for it)
            pending.failure = failure
            parts = []
        if not parts:
            pending.ready.set()
            return
        pending.left = list(range(len(parts)))
        for part in parts:
            self.tasks.put(functools.partial(self._read, pending, *part))

    def _stage(self, pending: _Pending, jobs: list[Job]) -> list[tuple[Any, ...]]:
        found = [whole_ranges_of(job) for job in jobs]
        starts = np.concatenate([one.starts[:, 0] for one in found])
        stops = np.concatenate([one.stops[:, 0] for one in found])
        place = np.searchsorted(self._begins, starts, "right") - 1
        there = (place >= 0) & (starts < self._ends[place]) & (stops > starts)
        starts, stops = starts[there], stops[there]
        if not len(starts):
            return []
        useful = int((stops - starts).sum())
        # Mappings may lie side by side: no range goes from one file to another.
        apart = place[there] << ADDRESS_BITS
        starts, stops, _ = coalesce(starts + apart, stops + apart, GAP_BYTES)
        apart = starts >> ADDRESS_BITS << ADDRESS_BITS
        starts, stops = starts - apart, stops - apart
        sizes = stops - starts
        self.count(bytes_useful=useful, bytes_asked=int(sizes.sum()))
        place = np.searchsorted(self._begins, starts, "right") - 1
        begins = np.cumsum(sizes) - sizes
        memory = self._pool.take(int(sizes.sum()))
        targets = address_of(memory) + begins
        pending.staged = StagedBlock(memory, starts, stops, targets - starts, self._pool)
        files = np.array(self._files, np.int32)[place]
        offsets = self._offsets[place] + starts - self._begins[place]
        # Cut between ranges, so that threads read about as much each.
        cuts = np.searchsorted(
            np.cumsum(sizes), np.arange(TASK_BYTES, int(sizes.sum()), TASK_BYTES)
        )
        edges = np.unique(np.concatenate([[0], cuts, [len(sizes)]]))
        return [
            tuple(one[low:high] for one in (place, files, offsets, targets, sizes))
            for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        ]

    def _read(
        self,
        pending: _Pending,
        place: Indices,
        files: npt.NDArray[np.int32],
        offsets: Indices,
        targets: Indices,
        sizes: Indices,
    ) -> None:
        if not self._closed and pending.failure is None:
            try:
                which, error, done = read_ranges(files, offsets, targets, sizes)
            except BaseException as failure:  # noqa: BLE001 (raised again by who waits for it)
                pending.failure = failure
            else:
                if which >= 0:
                    region = self._regions[place[which]]
                    pending.failure = _failure(region, error, int(offsets[which]) + done)
        if pending.left.pop() == 0:
            pending.ready.set()


def _open(region: Region) -> int:
    """Return a descriptor of the file that a region shows."""
    path = region.origin.path
    if path is None:
        message = f"{region.origin.name} cannot be opened again to be read"
        raise FileError(message)
    file = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    found, expected = os.fstat(file), region.origin.identity
    if expected is not None and (found.st_dev, found.st_ino) != expected:
        os.close(file)
        message = (
            f"{path} is another file than the one that was opened: it was replaced since. Open it "
            "again, or read the one that is mapped: with_options(reader='map')"
        )
        raise FileError(message)
    if hasattr(os, "posix_fadvise"):
        # Exact ranges: what the kernel would read beside them nobody needs.
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
    return file


def _failure(region: Region, error: int, place: int) -> Exception:
    """Return the error for a range that was not read to its end."""
    if error == NOTHING_LEFT:
        return region.origin.cut_short_error(place)
    words = f"{os.strerror(error)} at byte {place:,}"
    return OSError(error, words, str(region.origin.path))
