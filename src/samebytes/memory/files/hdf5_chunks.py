"""Datasets of HDF5 files that are stored in chunks, compressed or not: read chunk by chunk."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.errors import FileError
from samebytes.memory.lazy import ChunkSource
from samebytes.memory.text import shortened

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
    key : str
        Name of the dataset.
    dataset : h5py.Dataset
        It, open.
    keep : bool
        Whether to read through this object as long as it is open; by default the file is opened
        again, in each process, when the first chunk is read.
    """

    threads: ClassVar[int] = 2

    def __init__(
        self, path: Path, identity: tuple[int, int], key: str, dataset: Any, *, keep: bool = False
    ) -> None:
        self.name = f"{path}, dataset {shortened(key)!r}"
        self.shape = tuple(dataset.shape)
        self.dtype = np.dtype(dataset.dtype)
        self.chunks = tuple(dataset.chunks)
        self._path, self._identity, self._key = path, identity, key
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._dataset: Any = dataset if keep else None

    def read_box(self, starts: Sequence[int], stops: Sequence[int]) -> npt.NDArray[Any]:
        """Return the values of a box; always copies.

        Raises
        ------
        FileError
            If h5py cannot read it, or the file was replaced since it was opened.
        """
        where = tuple(slice(start, stop) for start, stop in zip(starts, stops, strict=True))
        try:
            found: npt.NDArray[Any] = np.asarray(self._open()[where])
        except FileError:
            raise
        except Exception as error:  # h5py raises nearly anything for a damaged file
            box = ", ".join(f"{start}:{stop}" for start, stop in zip(starts, stops, strict=True))
            message = (
                f"{self.name}, could not be read at [{box}] ({type(error).__name__}: "
                f"{shortened(str(error))}): a chunk is damaged, or the file was cut short. Write "
                "it again."
            )
            raise FileError(message) from error
        return found

    def _open(self) -> Any:
        """Return the dataset, opened anew in another process."""
        with self._lock:
            if self._process != os.getpid() or not self._dataset:
                self._dataset = self._opened()
                self._process = os.getpid()
            return self._dataset

    def _opened(self) -> Any:
        import h5py

        # Each chunk is read once, so h5py need not keep any.
        file = open_for_reading(h5py, self._path, rdcc_nbytes=0)
        found = os.fstat(file.id.get_vfd_handle())
        if (found.st_dev, found.st_ino) != self._identity:
            file.close()
            message = (
                f"{self._path} was replaced by another file after it was opened: expected the same "
                "file. Open it again."
            )
            raise FileError(message)
        return file[self._key]

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to this process."""
        return {**vars(self), "_lock": None, "_dataset": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the file when the first chunk is read; refuse one that is another by then."""
        vars(self).update(state, _lock=threading.Lock())
