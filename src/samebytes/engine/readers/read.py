"""Exact ranges, read into memory of ours; no page of a mapping is touched.

For where mapping is wrong: on a network file system a page fault waits for a round trip, and a
server that has gone leaves a thread that no signal reaches. And for what cannot be mapped: chunks,
and objects behind a URL. A read that fails is an error with a name, and one that comes short says
by how much.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from queue import Empty
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from samebytes.engine.kernels.job import Job
from samebytes.engine.readers.block_fetcher import BlockFetcher
from samebytes.engine.readers.byte_fetcher import ByteFetcher
from samebytes.engine.readers.byte_ranges import ByteRanges, coalesce, ranges_of, whole_ranges_of
from samebytes.engine.readers.chunk_cache import ChunkCache
from samebytes.engine.readers.chunk_fetcher import ChunkFetcher
from samebytes.engine.readers.fetcher import Fetcher, Found, Task
from samebytes.engine.readers.file_fetcher import FileFetcher
from samebytes.engine.readers.kept_fetcher import KeptFetcher
from samebytes.engine.readers.reader import JobsOf, Reader
from samebytes.engine.readers.region_table import RegionTable
from samebytes.engine.readers.staging import StagedBlock, StagingPool
from samebytes.memory.addresses import address_of
from samebytes.memory.files.hold import Region
from samebytes.memory.lazy import ByteSource, ChunkSource
from samebytes.plan.reader_choice import ReaderChoice

__all__ = ["Read"]

Indices = npt.NDArray[np.int64]
Ranges = tuple[Indices, Indices, Indices]
"""Where ranges start and stop, and the region of each."""

ADDRESS_BITS = 47
"""Addresses of a process are smaller than two to this."""

PATIENCE = 0.05
"""Seconds after which a thread that waits for bytes looks whether all was closed meanwhile."""


class _Held(NamedTuple):
    """Ranges that are read where they come to lie, and what brings them."""

    starts: Indices
    stops: Indices
    tasks: Callable[[list[int], Found], list[Task]]
    let_go: Task | None = None


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
        The mapped files and the lazy arrays, whose addresses jobs have. What no file has the bytes
        of is left to the pass.
    jobs_of : callable
        Gives the jobs of a block by its number, None behind the last one.
    depth : int
        Blocks read before they are needed.

    Raises
    ------
    FileError
        If a file is no longer the one that was mapped.
    """

    def __init__(
        self, choice: ReaderChoice, regions: list[Region], jobs_of: JobsOf, depth: int
    ) -> None:
        super().__init__(choice, depth)
        self._jobs_of = jobs_of
        found = [region for region in regions if region.can_be_read]
        self._table = RegionTable(found)
        self._mapped = len(found) < len(regions)
        self._pool = StagingPool()
        self._pending: dict[int, _Pending] = {}
        self._fetchers: list[Fetcher] = []
        self._chunks: ChunkCache | None = None
        self._fetcher_of = np.zeros(len(found), np.int64)
        self._make_fetchers()
        self.threads = max((fetcher.threads for fetcher in self._fetchers), default=0)

    def _make_fetchers(self) -> None:
        """Make one for all files, and one for each lazy array or file that is read in blocks."""
        regions = self._table.regions
        files = [region if region.source is None else None for region in regions]
        cut = {id(blocks.mapping): blocks for blocks in self.choice.blocks}
        if any(files):
            reading = FileFetcher(files, self.count, in_order=self.choice.in_order)
            self._fetchers.append(reading)
        for place, region in enumerate(regions):
            blocks = cut.get(id(region.origin.mapping))
            if blocks is not None:
                self._chunks = self._chunks or ChunkCache()
                found = reading, place, region.address, blocks, self._chunks
                self._fetcher_of[place] = len(self._fetchers)
                self._fetchers.append(BlockFetcher(*found))
            elif region.source is not None:
                self._fetcher_of[place] = len(self._fetchers)
                self._fetchers.append(self._fetcher(region))

    def _fetcher(self, region: Region) -> Fetcher:
        source = region.source
        if isinstance(source, ChunkSource):
            self._chunks = self._chunks or ChunkCache()
            return ChunkFetcher(source, region.address, self._chunks, self.count)
        if isinstance(source, ByteSource):
            return ByteFetcher(source, region.address, self.count)
        message = f"{type(source).__name__} is neither a ByteSource nor a ChunkSource"
        raise TypeError(message)

    def begin(self, number: int) -> StagedBlock | None:
        """Read the blocks behind `number`, and return its own once it is here.

        Raises
        ------
        WrongSize
            If a file ended before its bytes did.
        OSError
            As the system says it, with the file's name.
        FileError
            If a chunk or a URL could not be read.
        """
        with self._asking:
            asked = self._not_yet_asked(number)
            if number not in self._pending and number not in asked:
                asked = range(number, number + 1)
            for upcoming in asked:
                self._pending[upcoming] = _Pending()
        if asked:
            self.tasks.put(functools.partial(self._ask_all, asked))
        pending = self._pending[number]
        started = time.perf_counter()
        while not pending.ready.wait(PATIENCE):
            if self.stopped:
                raise _closed()
        self.count(seconds_waiting=time.perf_counter() - started)
        del self._pending[number]
        failure, pending.failure = pending.failure, None
        if failure is None:
            return pending.staged
        try:
            raise failure
        finally:
            del failure  # or its traceback would keep this frame alive, which has it

    def end(self) -> None:
        """Close the files, and let go of chunks."""
        self.stop()
        # They know this object, to count; without them its memory goes when it does.
        fetchers, self._fetchers = self._fetchers, []
        # So do tasks that came when nobody did any more.
        with contextlib.suppress(Empty):
            while True:
                self.tasks.get_nowait()
        self.tasks.put(None)
        for fetcher in fetchers:
            fetcher.end()
        if self._chunks is not None:
            self._chunks.clear()

    def __del__(self) -> None:
        """Close the files, where whoever made this was interrupted before it could end it."""
        self.end()

    def _ask_all(self, numbers: range) -> None:
        """Ask for blocks, the first one first: it is waited for, so its reads come before all."""
        self._ask(numbers[0])
        for number in numbers[1:]:
            self.tasks.put(functools.partial(self._ask, number))

    def _ask(self, number: int) -> None:
        """Find the ranges of a block, and leave them to all threads."""
        pending = self._pending.get(number)
        if pending is None:
            return
        try:
            jobs = self._jobs_of(number)
            tasks = [] if jobs is None else self._stage(pending, jobs)
        except BaseException as failure:  # noqa: BLE001 (raised again by who waits for it)
            pending.failure = failure
            tasks = []
        if not tasks:
            pending.ready.set()
            return
        pending.left = list(range(len(tasks)))
        for task in tasks:
            self.tasks.put(functools.partial(self._do, pending, task))

    def _do(self, pending: _Pending, task: Task) -> None:
        if self.stopped:  # what was not brought lies nowhere: no kernel may look for it
            pending.failure = pending.failure or _closed()
        if pending.failure is None:
            try:
                task()
            except BaseException as failure:  # noqa: BLE001 (raised again by who waits for it)
                pending.failure = failure
        if pending.left.pop() == 0:
            pending.ready.set()

    def _stage(self, pending: _Pending, jobs: list[Job]) -> list[Task]:
        """Find where what jobs read is to lie, and return what brings it there.

        Where whole samples lie in chunks that are kept, kernels read them there. For others there
        is memory, with room for each sample from its first byte to its last, so that a kernel reads
        it by a shift; but only what it needs is read.
        """
        near = min(fetcher.near_bytes for fetcher in self._fetchers)
        found = [ranges_of(job, near=near) for job in jobs]
        exact = whole = self._table.within(*_flat(found))
        self.count(bytes_useful=int((exact[1] - exact[0]).sum()))
        divided = any(one.starts.shape[1] > 1 for one in found)
        if divided:
            whole = self._table.within(*_flat([whole_ranges_of(job) for job in jobs]))
        held = self._held_chunks(*whole)
        ranges = rooms = self._joined(*_without(held, self._fetcher_of, exact))
        if divided:
            rooms = self._joined(*_without(held, self._fetcher_of, whole))
        else:
            held.update(self._held_buffers(*ranges))
            ranges = rooms = _without(held, self._fetcher_of, ranges)
        alignment = max((job.source.dtype.alignment for job in jobs), default=1)
        return self._arrange(pending, ranges, rooms, list(held.values()), alignment)

    def _arrange(
        self, pending: _Pending, ranges: Ranges, rooms: Ranges, held: list[_Held], alignment: int
    ) -> list[Task]:
        """Stage a block of rooms that are filled with ranges, and of what is held as it came."""
        starts = np.concatenate([rooms[0], *(each.starts for each in held)])
        stops = np.concatenate([rooms[1], *(each.stops for each in held)])
        if not len(starts):
            return []
        sizes = rooms[1] - rooms[0]
        total, asked = int(sizes.sum()), int((ranges[1] - ranges[0]).sum())
        sparse = asked < total // 2
        memory = self._pool.take(total, sparse=sparse) if total else np.zeros(0, np.uint8)
        shifts = np.zeros(len(starts), np.int64)
        shifts[: len(sizes)] = address_of(memory) + np.cumsum(sizes) - sizes - rooms[0]
        tasks = self._tasks(*ranges, shifts[np.searchsorted(rooms[0], ranges[0], "right") - 1])
        order = np.argsort(starts)
        starts, stops, shifts = starts[order], stops[order], shifts[order]
        pending.staged = staged = StagedBlock(
            starts, stops, shifts, memory, self._pool, sparse, self._mapped, alignment
        )
        places = np.argsort(order)[len(sizes) :].tolist()
        for each in held:
            mine, places = places[: len(each.starts)], places[len(each.starts) :]
            tasks += each.tasks(mine, staged.hold)
            if each.let_go is not None:
                staged.releases.append(each.let_go)
        return tasks

    def _held_chunks(self, starts: Indices, stops: Indices, places: Indices) -> dict[int, _Held]:
        """Return the chunks that samples are read in, of fetchers all of whose samples lie so."""
        found: dict[int, _Held] = {}
        for number, fetcher in enumerate(self._fetchers):
            chosen = self._fetcher_of[places] == number
            if not isinstance(fetcher, KeptFetcher) or not chosen.any():
                continue
            numbers, span = fetcher.numbers_of(starts[chosen], stops[chosen]), fetcher.span
            if numbers is None or span is None:
                continue
            numbers = np.unique(numbers)
            names = fetcher.reserve(numbers.tolist())
            if names is not None:
                begins = span.first + numbers * span.stride
                tasks = functools.partial(fetcher.hold, numbers.tolist(), names)
                let_go = functools.partial(fetcher.let_go, names)
                found[number] = _Held(begins, begins + span.stride, tasks, let_go)
        return found

    def _held_buffers(self, starts: Indices, stops: Indices, places: Indices) -> dict[int, _Held]:
        """Return the ranges that are read in the buffers that they come in."""
        found: dict[int, _Held] = {}
        for number, fetcher in enumerate(self._fetchers):
            chosen = self._fetcher_of[places] == number
            if isinstance(fetcher, ByteFetcher) and chosen.any():
                begins, sizes = starts[chosen], (stops - starts)[chosen]
                if fetcher.can_hold(sizes):
                    tasks = functools.partial(fetcher.hold, begins, sizes)
                    found[number] = _Held(begins, stops[chosen], tasks)
        return found

    def _tasks(
        self, starts: Indices, stops: Indices, places: Indices, shifts: Indices
    ) -> list[Task]:
        found: list[Task] = []
        fetchers = self._fetcher_of[places]
        for number in np.unique(fetchers).tolist():
            chosen = fetchers == number
            begins = starts[chosen]
            found += self._fetchers[number].tasks(
                places[chosen], begins, begins + shifts[chosen], stops[chosen] - begins
            )
        return found

    def _joined(self, starts: Indices, stops: Indices, places: Indices) -> Ranges:
        """Return ranges sorted, with those that lie near each other in a region as one."""
        parts = []
        fetchers = self._fetcher_of[places]
        for number in np.unique(fetchers).tolist():
            chosen = fetchers == number
            # Regions may lie side by side: no range goes from one to another.
            apart = places[chosen] << ADDRESS_BITS
            gap = self._fetchers[number].gap_bytes
            parts.append(coalesce(starts[chosen] + apart, stops[chosen] + apart, gap))
        if not parts:
            return starts, stops, places
        starts, stops = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
        places = starts >> ADDRESS_BITS
        order = np.argsort(starts, kind="stable")
        apart = places << ADDRESS_BITS
        return (starts - apart)[order], (stops - apart)[order], places[order]


def _without(held: Iterable[int], fetcher_of: Indices, ranges: Ranges) -> Ranges:
    """Return the ranges of other fetchers than these."""
    left = ~np.isin(fetcher_of[ranges[2]], list(held))
    return ranges[0][left], ranges[1][left], ranges[2][left]


def _closed() -> RuntimeError:
    return RuntimeError("the reader was closed while a batch waited for its bytes")


def _flat(found: list[ByteRanges]) -> tuple[Indices, Indices]:
    """Return the ranges of several jobs, one behind the other."""
    starts = np.concatenate([one.starts.reshape(-1) for one in found])
    return starts, np.concatenate([one.stops.reshape(-1) for one in found])
