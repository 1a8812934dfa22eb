"""Ranges of files that are mapped, read without touching the mappings."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from samebytes.engine.kernels.storage import NOTHING_LEFT, read_ranges
from samebytes.engine.readers.fetcher import Count, Fetcher, Task, cut_into_tasks
from samebytes.errors import FileError
from samebytes.memory.files.hold import Region

__all__ = ["FileFetcher"]

Indices = npt.NDArray[np.int64]

GAP_BYTES = 16 << 10
"""Ranges that lie closer are read as one: so much more takes a disk as long as another request."""

THREADS = 16
"""Threads that read. Windows of 10 kB came at 0.73, 0.90 and 0.95 of the rate of bare reads with 8,
16 and 32 (``python -m benchmarks.storage.sweep``); rows of 400 kB need fewer."""

TASK_BYTES = 1 << 20
"""Bytes that one thread reads before it looks for other work, about."""


class FileFetcher(Fetcher):
    """Reads files by descriptors of its own.

    Parameters
    ----------
    regions : sequence of Region, or None
        The files, by their numbers; None for what is no file.
    count : callable
        Counts the bytes that are asked for.
    in_order : bool
        Whether they are read from begin to end. One thread does that, and the system reads ahead of
        it, in requests and pages as large as it likes: twice the rate of sixteen threads.

    Raises
    ------
    FileError
        If a file is no longer the one that was mapped.
    """

    threads = THREADS
    gap_bytes = GAP_BYTES

    def __init__(
        self, regions: Sequence[Region | None], count: Count, *, in_order: bool = False
    ) -> None:
        self._regions = regions
        self.threads = 1 if in_order else self.threads
        self._count = count
        self._files = np.full(len(regions), -1, np.int32)
        try:
            for place, region in enumerate(regions):
                if region is not None:
                    self._files[place] = _open(region, in_order=in_order)
        except BaseException:
            self.end()
            raise
        self._shifts = np.array(
            [0 if region is None else region.file_offset - region.address for region in regions],
            np.int64,
        )

    def tasks(
        self, places: Indices, starts: Indices, targets: Indices, sizes: Indices
    ) -> list[Task]:
        """Return what reads some ranges, about 1 MiB each."""
        return [
            functools.partial(
                self.read,
                *(one[low:high] for one in (places, starts, targets, sizes)),
            )
            for low, high in cut_into_tasks(sizes, TASK_BYTES)
        ]

    def read(
        self,
        places: Indices,
        starts: Indices,
        targets: Indices,
        sizes: Indices,
    ) -> None:
        """Read ranges, all of each, in this thread; parameters are those of `tasks`.

        Raises
        ------
        WrongSize
            If a file ended before.
        OSError
            As the system says it, with the file's name.
        """
        offsets = starts + self._shifts[places]
        self._count(bytes_asked=int(sizes.sum()))
        which, error, done = read_ranges(self._files[places], offsets, targets, sizes)
        if which < 0:
            return
        region, place = self._regions[places[which]], int(offsets[which]) + done
        if region is None:
            raise IndexError(place)  # never: these are no files
        if error == NOTHING_LEFT:
            raise region.origin.cut_short_error(place)
        words = f"{os.strerror(error)} at byte {place:,}"
        raise OSError(error, words, str(region.origin.path))

    def end(self) -> None:
        """Close the files."""
        files, self._files = self._files, np.full(len(self._regions), -1, np.int32)
        for file in files.tolist():
            if file >= 0:
                os.close(file)


def _open(region: Region, *, in_order: bool) -> int:
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
        advice = os.POSIX_FADV_SEQUENTIAL if in_order else os.POSIX_FADV_RANDOM
        os.posix_fadvise(file, 0, 0, advice)
    return file
