"""Rows of the source, read in order: by plain reads where they lie in files, which maps nothing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.errors import FileError, WrongSize
from samebytes.memory.aligned import address_of
from samebytes.memory.files import MappedFile, mapping_of
from samebytes.memory.gather import gather
from samebytes.memory.lazy import LazyArray
from samebytes.memory.text import bytes_in_words
from samebytes.plan.concat import ConcatArray
from samebytes.share.array import as_array
from samebytes.share.creation import open as open_file

__all__ = ["Rows", "open_rows"]

Bytes = npt.NDArray[np.uint8]


class Rows:
    """Rows of arrays, end to end.

    Parameters
    ----------
    arrays : sequence of ndarray or LazyArray
        Of one dtype, with rows of one shape.
    """

    def __init__(self, arrays: Sequence[npt.NDArray[Any] | LazyArray]) -> None:
        first = arrays[0]
        self.dtype = first.dtype
        self.shape: tuple[int, ...] = (sum(map(len, arrays)), *first.shape[1:])
        self.row_bytes = first.dtype.itemsize * int(np.prod(first.shape[1:], dtype=np.int64))
        self._parts = [_part(array, self.row_bytes) for array in arrays]

    def __len__(self) -> int:
        """Return how many there are."""
        return self.shape[0]

    def identity(self) -> list[Any] | None:
        """Return what tells whether the rows are still the same, None where nothing does.

        Files are known by their place, size and time; memory of a process that ended by nothing.
        """
        found = [part.identity() for part in self._parts]
        return None if None in found else found

    def is_file(self, path: Path) -> bool:
        """Return whether some of the rows lie in the file at `path`."""
        return any(part.path is not None and part.path.samefile(path) for part in self._parts)

    def read(self, first: int, out: Bytes) -> None:
        """Read the rows from `first` on, as bytes, into all of `out`.

        Raises
        ------
        WrongSize
            If a file has been cut short.
        FileError
            If there is another one in its place.
        """
        filled = 0
        for part in self._parts:
            if first < part.rows and filled < len(out):
                count = min(part.rows - first, len(out) - filled)
                part.read(first, out[filled : filled + count])
                filled, first = filled + count, first + count
            first -= part.rows

    def close(self) -> None:
        """Close the files."""
        for part in self._parts:
            part.close()


class _Memory:
    """Rows of an array that is no plain part of a file: in memory, or read when they are asked."""

    path: Path | None = None

    def __init__(self, array: npt.NDArray[Any] | LazyArray) -> None:
        self._array = array
        self.rows = len(array)

    def identity(self) -> Any:
        return None

    def read(self, first: int, out: Bytes) -> None:
        shape = (len(out), *self._array.shape[1:])
        gather(self._array[first : first + len(out)], _shown_as(out, self._array.dtype, shape))

    def close(self) -> None:
        """Nothing is open."""


class _File:
    """Rows side by side in a file."""

    def __init__(self, mapping: MappedFile, start: int, rows: int, row_bytes: int) -> None:
        self.path: Path = mapping.path
        self.rows = rows
        self._start, self._row_bytes = start, row_bytes
        self._file = self.path.open("rb", buffering=0)
        found = os.fstat(self._file.fileno())
        if (found.st_dev, found.st_ino) != mapping.identity:
            self.close()
            message = f"{self.path} is another file than the one that was opened; open it again"
            raise FileError(message)
        if hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):
                os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)

    def identity(self) -> Any:
        found = os.fstat(self._file.fileno())
        place = [str(self.path.absolute()), self._start, self.rows]
        return [*place, found.st_ino, found.st_size, found.st_mtime_ns]

    def read(self, first: int, out: Bytes) -> None:
        begin = self._start + first * self._row_bytes
        self._file.seek(begin)
        wanted = memoryview(out.reshape(-1))  # type: ignore[arg-type]
        while wanted:
            count = self._file.readinto(wanted)
            if not count:
                size = os.fstat(self._file.fileno()).st_size
                needed = self._start + self.rows * self._row_bytes
                message = (
                    f"{self.path} was cut short while it was read: expected "
                    f"{bytes_in_words(needed)}, found {bytes_in_words(size)}. Write it again, and "
                    "then copy it again."
                )
                raise WrongSize(message)
            wanted = wanted[count:]

    def close(self) -> None:
        self._file.close()


def open_rows(source: Any) -> Rows:
    """Return the rows of an array, a file, or several of them joined by `concat`.

    Raises
    ------
    ValueError
        If a file holds several arrays, or there is no axis of rows.
    """
    found = open_file(source) if isinstance(source, str | os.PathLike) else source
    if isinstance(found, dict):
        names = ", ".join(map(repr, list(found)[:5]))
        message = (
            f"{source} holds several arrays ({names}): expected one. Open it and copy each to a "
            "file of its own; with one seed all come in the same order"
        )
        raise ValueError(message)  # noqa: TRY004 (the type is right, what it holds is not)
    if isinstance(found, ConcatArray):
        return Rows(found.arrays)
    array = found if isinstance(found, LazyArray) else as_array(found).view(np.ndarray)
    if array.ndim == 0:
        message = "shuffled_copy needs an axis of rows; got a single value"
        raise ValueError(message)
    return Rows((array,))


def _part(array: npt.NDArray[Any] | LazyArray, row_bytes: int) -> _Memory | _File:
    if isinstance(array, LazyArray):
        return _Memory(array)
    mapping = mapping_of(array)
    # What a mapping of its own has changed is in memory only.
    if mapping is None or not array.flags.c_contiguous or array.flags.writeable or not array.size:
        return _Memory(array)
    start = address_of(array) - address_of(np.frombuffer(mapping, np.uint8))
    return _File(mapping, start, len(array), row_bytes)


def _shown_as(rows: Bytes, dtype: Any, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    shown: npt.NDArray[Any] = np.ndarray(shape, dtype, rows)
    return shown
