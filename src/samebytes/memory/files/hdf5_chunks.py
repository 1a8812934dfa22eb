"""Datasets of HDF5 files that are stored in chunks, compressed or not: read chunk by chunk."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.errors import FileError, WrongSize
from samebytes.memory.lazy import ChunkSource
from samebytes.memory.text import bytes_in_words, shortened

__all__ = ["HDF5Source", "open_for_reading"]


def open_for_reading(h5py: Any, path: Path, **options: Any) -> Any:
    """Return a file open in h5py, whoever else has it open.

    Raises
    ------
    OSError
        As h5py raises it.
    """
    # A way of locking is refused if this process has the file open in another way, and both
    # are if another process holds a lock, which does not matter for reading what is there.
    for locking in (None, True):
        with contextlib.suppress(OSError):
            return h5py.File(path, "r", locking=locking, **options)
    return h5py.File(path, "r", locking=False, **options)


class HDF5Source(ChunkSource):
    """Chunks of a dataset, read through h5py, which reads one at a time.

    Parameters
    ----------
    path : Path
        The file.
    identity : tuple of int
        Its device and number.
    least : int
        Bytes that it has.
    key : str
        Name of the dataset.
    dataset : h5py.Dataset
        It, open.
    keep : bool
        Whether to read through this object as long as it is open; by default the file is opened
        again, in each process, when the first chunk is read, and closed after the last run.
    """

    threads: ClassVar[int] = 2

    def __init__(
        self,
        path: Path,
        identity: tuple[int, int],
        least: int,
        key: str,
        dataset: Any,
        *,
        keep: bool = False,
    ) -> None:
        self.name = f"{path}, dataset {shortened(key)!r}"
        dtype, inner = np.dtype(dataset.dtype), ()
        if dtype.subdtype is not None:  # items that are arrays, which NumPy has as more axes
            dtype, inner = dtype.subdtype
        self.dtype = np.dtype(dtype.str) if dtype.names is None else dtype
        self.shape = (*dataset.shape, *inner)
        self.chunks = (*dataset.chunks, *inner)
        self._axes = len(dataset.shape)
        # In full, since it is opened later, when the process may be in another folder.
        self._path, self._identity, self._least = path.absolute(), identity, least
        self._key = key
        self._dataset: Any = dataset if keep else None
        self._is_ours = False
        self._next, self._in_order = 0, True
        self._begin()

    def _begin(self) -> None:
        """Begin in a process, where nobody holds the lock."""
        self._lock = threading.Lock()
        self._process = os.getpid()
        _sources.add(self)

    def read_box(self, starts: Sequence[int], stops: Sequence[int]) -> npt.NDArray[Any]:
        """Return the values of a box; always copies.

        Raises
        ------
        WrongSize
            If the file was cut short.
        FileError
            If h5py cannot read it, or the file was replaced since it was opened.
        OSError
            As the system says it, if the file cannot be opened again.
        """
        where = tuple(slice(start, stop) for start, stop in zip(starts, stops, strict=True))
        while True:
            dataset = self._open()
            try:
                self._advise(dataset, starts[0], stops[0])
                found = np.asarray(dataset[where[: self._axes]])
                self._check_whole(dataset, starts, stops)
            except FileError:
                raise
            except Exception as error:  # h5py raises nearly anything for a damaged file
                if not dataset:
                    continue  # closed meanwhile: by who had opened it, or by a run that ended
                self._check_whole(dataset, starts, stops)
                box = ", ".join(
                    f"{first}:{stop}" for first, stop in zip(starts, stops, strict=True)
                )
                message = (
                    f"{self.name}, could not be read at [{box}] ({type(error).__name__}: "
                    f"{shortened(str(error))}): a chunk is damaged. Write it again."
                )
                raise FileError(message) from error
            inner: tuple[Any, ...] = (Ellipsis, *where[self._axes :])
            chosen: npt.NDArray[Any] = found[inner]
            return chosen

    def release(self) -> None:
        """Close the file, if it was opened here: who holds it open keeps others from writing."""
        with self._lock:
            dataset, self._dataset = self._dataset, None
            if not self._is_ours:
                self._dataset = dataset
            elif dataset and self._process == os.getpid():
                dataset.file.close()

    def _open(self) -> Any:
        """Return the dataset, opened anew in another process."""
        with self._lock:
            if self._process != os.getpid() or not self._dataset:
                self._dataset = self._opened()
                self._next, self._in_order = 0, True
                self._is_ours, self._process = True, os.getpid()
            return self._dataset

    def _opened(self) -> Any:
        import h5py

        with self._path.open("rb") as there:  # or h5py says in its own words what the system says
            size = os.fstat(there.fileno()).st_size
            self._check_same(there.fileno())
        try:
            # Each chunk is read once, so h5py need not keep any.
            file = open_for_reading(h5py, self._path, rdcc_nbytes=0)
            self._check_same(file.id.get_vfd_handle())
            return file[self._key]
        except FileError:
            file.close()
            raise
        except Exception as error:
            if size < self._least:
                raise self._cut_short(self._least, size) from error
            message = (
                f"{self.name}, could not be opened again ({type(error).__name__}: "
                f"{shortened(str(error))}): the file is damaged, or being written. Open it again."
            )
            raise FileError(message) from error

    def _advise(self, dataset: Any, start: int, stop: int) -> None:
        """Have the system read ahead where chunks follow each other, and not a byte elsewhere."""
        in_order, self._next = start == self._next, stop
        if in_order != self._in_order and self._is_ours and hasattr(os, "posix_fadvise"):
            advice = os.POSIX_FADV_NORMAL if in_order else os.POSIX_FADV_RANDOM
            os.posix_fadvise(dataset.file.id.get_vfd_handle(), 0, 0, advice)
            self._in_order = in_order

    def _check_same(self, descriptor: int) -> None:
        """Refuse another file than the one that was opened."""
        found = os.fstat(descriptor)
        if (found.st_dev, found.st_ino) != self._identity:
            message = (
                f"{self._path} was replaced by another file after it was opened: expected the same "
                "file. Open it again."
            )
            raise FileError(message)

    def _check_whole(self, dataset: Any, starts: Sequence[int], stops: Sequence[int]) -> None:
        """Refuse a file that was cut short: HDF5 takes what is not there for zeros."""
        found = os.fstat(dataset.file.id.get_vfd_handle()).st_size
        if found >= self._least:
            return
        # One that was being written when it was opened may have become shorter when it was closed.
        edges = zip(starts, stops, dataset.chunks, strict=False)
        places = (range(start // size * size, stop, size) for start, stop, size in edges)
        for place in itertools.product(*places):
            chunk = dataset.id.get_chunk_info_by_coord(place)
            if chunk.byte_offset is not None and found < chunk.byte_offset + chunk.size:
                raise self._cut_short(chunk.byte_offset + chunk.size, found)

    def _cut_short(self, expected: int, found: int) -> WrongSize:
        return WrongSize(
            f"{self.name}, was cut short after it was opened: expected at least "
            f"{bytes_in_words(expected)}, found {bytes_in_words(found)}. Open it again, and have "
            "writers write a new file and rename it."
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to this process."""
        return {**vars(self), "_lock": None, "_dataset": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the file when the first chunk is read; refuse one that is another by then."""
        vars(self).update(state)
        self._begin()


_sources: weakref.WeakSet[HDF5Source] = weakref.WeakSet()


def _unlock_all() -> None:
    """Let locks go in a forked child, where the threads that held them do not exist."""
    for source in tuple(_sources):
        source._lock = threading.Lock()  # noqa: SLF001 (the class's own file)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_all)
