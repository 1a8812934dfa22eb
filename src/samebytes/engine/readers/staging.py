"""Memory that ranges of files are read into, which the kernels then take for their source."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.readers.byte_ranges import whole_ranges_of
from samebytes.memory.addresses import address_of
from samebytes.memory.aligned import PAGE_BYTES
from samebytes.memory.pages import allocate_pages

if TYPE_CHECKING:
    from samebytes.engine.kernels.job import Job

__all__ = ["StagedBlock", "StagingPool"]

Indices = npt.NDArray[np.int64]


class StagingPool:
    """Blocks of memory for bytes that were read, used again; what dies is not waited for.

    Sizes differ from batch to batch, so a block is given out for anything that it holds.
    """

    def __init__(self) -> None:
        self._free: deque[npt.NDArray[np.uint8]] = deque()

    def take(self, nbytes: int, *, sparse: bool = False) -> npt.NDArray[np.uint8]:
        """Return at least so many bytes, of any value.

        Parameters
        ----------
        nbytes : int
            How many.
        sparse : bool
            Whether most of them will not be touched. Such a block is new, and is not kept: what
            is touched in turn would all be memory in the end.
        """
        if sparse:
            return np.frombuffer(allocate_pages(nbytes, huge_pages=False), np.uint8)
        for _ in range(len(self._free)):
            try:
                block = self._free.popleft()
            except IndexError:  # taken by another thread
                break
            if len(block) >= nbytes:
                return block
            # One that is too small is let go: a larger one takes its place.
        rounded = -(-(nbytes + nbytes // 8) // PAGE_BYTES) * PAGE_BYTES
        return np.frombuffer(allocate_pages(max(rounded, PAGE_BYTES)), np.uint8)

    def give_back(self, block: npt.NDArray[np.uint8], *, sparse: bool = False) -> None:
        """Keep a block that nobody reads any more for the next one, unless it is sparse."""
        if not sparse:
            self._free.append(block)


@dataclass(frozen=True)
class StagedBlock:
    """The bytes of a block of batches in memory of ours, and where each range of them went.

    Attributes
    ----------
    starts, stops : ndarray of int64
        The ranges by the addresses that jobs have, sorted, none touching another.
    shifts : ndarray of int64
        Bytes from each range to where it lies here, once it does.
    memory : ndarray of uint8
        What was read for this block alone, range behind range.
    pool : StagingPool
        Where the memory goes back to.
    sparse : bool
        Whether most of it was not touched.
    mapped : bool
        Whether some files are still read where they are mapped.
    alignment : int
        Items lie at multiples of so many bytes.
    chunks : list of ndarray
        What is read where it is kept, so that it stays.
    releases : list of callable
        Who is told when it need not.
    """

    starts: Indices
    stops: Indices
    shifts: Indices
    memory: npt.NDArray[np.uint8]
    pool: StagingPool
    sparse: bool = False
    mapped: bool = False
    alignment: int = 1
    chunks: list[npt.NDArray[Any]] = field(default_factory=list)
    releases: list[Callable[[], None]] = field(default_factory=list)

    def moved(self, job: Job) -> Job:
        """Return a job that reads here what it would read where the files are mapped."""
        if not len(self.starts):
            return job
        found = whole_ranges_of(job)
        which = np.searchsorted(self.starts, found.starts[:, 0], "right") - 1
        inside = (which >= 0) & (found.starts[:, 0] < self.stops[which])
        shifts = np.where(inside, self.shifts[which], 0)
        # Kept alive by the block, which is given back when the batch is finished.
        return job._replace(places=job.places + shifts)

    def hold(self, place: int, chunk: npt.NDArray[Any]) -> None:
        """Note where a range lies whose bytes are here; copies them if items lie askew in them."""
        start = self.starts[place]
        if (address_of(chunk) - start) % self.alignment:
            room = np.empty(chunk.nbytes + self.alignment, np.uint8)
            begin = (start - address_of(room)) % self.alignment
            room[begin : begin + chunk.nbytes] = chunk.reshape(-1).view(np.uint8)
            chunk = room[begin:]
        self.chunks.append(chunk)
        self.shifts[place] = address_of(chunk) - start

    def release(self) -> None:
        """Let the memory be used again."""
        self.chunks.clear()
        while self.releases:
            self.releases.pop()()
        if len(self.memory):
            self.pool.give_back(self.memory, sparse=self.sparse)
