"""Zarr stores of version 2 and 3, in folders and zip files, and ``zarr.Array`` objects.

Where chunks lie and how they are decoded is zarr's to know: each is read through it, by itself. Of
a sharded array the inner chunks are read, as zarr does.
"""

from __future__ import annotations

import os
import pickle
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.errors import FileError, MissingPackage, UnknownFormat
from samebytes.memory.files.file_format import listed
from samebytes.memory.files.folder_format import FolderFormat
from samebytes.memory.lazy import ChunkSource, LazyArray
from samebytes.memory.text import shortened

__all__ = [
    "ZARR",
    "ZarrSource",
    "arrays_of",
    "choose",
    "import_zarr",
    "is_zarr_array",
    "lazy_array_of",
    "open_zarr",
]

METADATA = ("zarr.json", ".zarray", ".zgroup", ".zmetadata")
"""Files of which a folder has one if it is a store: of version 3, or of version 2."""


class ZarrSource(ChunkSource):
    """Chunks of a zarr array.

    Parameters
    ----------
    array : zarr.Array
        Open.
    name : str
        Of the store and the array, for errors.
    place : Path, optional
        The folder or the zip file that the array lies in, if it is one. Zarr takes a chunk that is
        missing for one that was never written, so whether the array is there at all is asked beside
        it.
    """

    # zarr waits for its own loop between a chunk's steps: beside a bare loop four made 0.66 to 0.69
    # of its rate, eight 0.85 (``python -m benchmarks.storage --job zarr``, two cores).
    threads: ClassVar[int] = 8

    def __init__(self, array: Any, name: str, place: Path | None = None) -> None:
        self.name = name
        self.shape = tuple(array.shape)
        self.dtype = np.dtype(array.dtype)
        self.chunks = tuple(array.chunks)
        self._array = array
        self._place = place
        self._identity = None if place is None else _identity(place)
        self._process = os.getpid()

    def read_box(self, starts: Sequence[int], stops: Sequence[int]) -> npt.NDArray[Any]:
        """Return the values of a box; always copies.

        Raises
        ------
        FileError
            If zarr cannot read it, or the store was deleted or replaced since it was opened.
        """
        if self._process != os.getpid():
            self._begin()
        where = tuple(slice(start, stop) for start, stop in zip(starts, stops, strict=True))
        try:
            found: npt.NDArray[Any] = np.asarray(self._array[where])
        except Exception as error:  # whatever a codec or a store raises
            self._check_there()
            box = ", ".join(f"{start}:{stop}" for start, stop in zip(starts, stops, strict=True))
            message = (
                f"{self.name} could not be read at [{box}] ({type(error).__name__}: "
                f"{shortened(str(error))}): a chunk is damaged, was cut short, or is not allowed "
                "to be read. Write it again."
            )
            raise FileError(message) from error
        # Afterwards: what was there then was read.
        self._check_there()
        return found

    def _begin(self) -> None:
        """Begin in a forked child, which shares the position in an open zip file with its parent.

        Threads that do so at the same time open it several times, and one of these is kept.
        """
        if self._place is not None and self._place.is_file():
            self._check_there()
            self._array = pickle.loads(pickle.dumps(self._array))  # noqa: S301 (its own)
        self._process = os.getpid()

    def _check_there(self) -> None:
        """Refuse a store that is no longer the one that was opened."""
        if self._place is None:
            return
        try:
            found = _identity(self._place)
        except PermissionError as refusal:
            message = (
                f"{self.name} may no longer be read ({refusal}). Have its permissions restored."
            )
            raise FileError(message) from refusal
        if found == self._identity:
            return
        what = "was deleted" if found is None else "was replaced or written anew"
        message = (
            f"{self.name} {what} after it was opened: expected it to stay. Open it again, and have "
            "writers write a new store and rename it."
        )
        raise FileError(message)


def is_zarr_array(obj: object) -> bool:
    """Return whether an object is a ``zarr.Array``; imports nothing."""
    kind = type(obj)
    return kind.__name__ == "Array" and kind.__module__.partition(".")[0] == "zarr"


def lazy_array_of(array: Any, name: str | None = None) -> LazyArray:
    """Return a ``zarr.Array`` as a lazy array; reads no data.

    Parameters
    ----------
    array : zarr.Array
        Of numbers, fixed-length strings or records.
    name : str, optional
        What errors call it; by default its store and path.

    Raises
    ------
    UnknownFormat
        If its values have no fixed size.
    """
    place = _place_of(array)
    said = name if name is not None else str(place or getattr(array, "store_path", array))
    dtype = array.dtype
    if not isinstance(dtype, np.dtype) or dtype.hasobject or dtype.kind == "T":
        message = (
            f"{said} is of zarr's type {shortened(str(dtype))}, whose values have no fixed size: "
            "expected numbers, fixed-length strings or records. Read it with zarr, x[...], and "
            "convert it."
        )
        raise UnknownFormat(message)
    source = ZarrSource(array, said, place)
    return LazyArray(source, source.shape, source.dtype)


def open_zarr(path: Path, key: str | None = None) -> LazyArray | dict[str, LazyArray]:
    """Return the array of a store, or the arrays of a group by name; reads no data.

    Parameters
    ----------
    path : Path
        A folder, or a zip file of one.
    key : str, optional
        Which array of a group.

    Raises
    ------
    MissingPackage
        If zarr is not installed.
    FileError
        If zarr cannot open it, or it has no array of that name.
    """
    zarr = import_zarr(path)
    try:
        # By the full path, or it would be another one if the process went to another folder.
        full = path.absolute()
        store = zarr.storage.ZipStore(full, mode="r") if full.is_file() else full
        found = zarr.open(store, mode="r")
        arrays = arrays_of(found)
    except Exception as error:
        message = (
            f"{path} looks like a zarr store, but zarr cannot open it ({type(error).__name__}: "
            f"{shortened(str(error))}). It is damaged, or still being written: write it again."
        )
        raise FileError(message) from error
    return choose(arrays, str(path), key)


def choose(arrays: dict[str, Any], name: str, key: str | None) -> LazyArray | dict[str, LazyArray]:
    """Return one of the arrays of a store, or all; the only array of a store has the name ''."""
    if key is None:
        opened = {each: _named(arrays[each], name, each) for each in arrays}
        return opened[""] if list(opened) == [""] else opened
    wanted = key.strip("/")
    if wanted not in arrays or wanted == "":
        there = listed(each for each in arrays if each)
        message = f"{name} has nothing named {shortened(key)!r}: expected " + (
            f"key= to be one of {there}." if there else "no key=, since it is a single array."
        )
        raise FileError(message)
    return _named(arrays[wanted], name, wanted)


def _named(array: Any, store: str, name: str) -> LazyArray:
    return lazy_array_of(array, f"{store}, array {name!r}" if name else store)


def arrays_of(found: Any) -> dict[str, Any]:
    """Return the arrays of a group by their paths in it, or a single array under ''."""
    if is_zarr_array(found):
        return {"": found}
    members = found.members(max_depth=None)
    return {name: each for name, each in sorted(members) if is_zarr_array(each)}


def import_zarr(path: object) -> Any:
    """Return the zarr module.

    Raises
    ------
    MissingPackage
        If it is not installed; the message names the store.
    """
    try:
        import zarr
    except ImportError as missing:
        message = (
            f"{path} is a zarr store, and reading its chunks needs zarr, which is not installed: "
            'pip install "zarr>=3".'
        )
        raise MissingPackage(message) from missing
    return zarr


def _place_of(array: Any) -> Path | None:
    """Return the folder of an array, or the zip file that it lies in; None if it is elsewhere."""
    store = getattr(array, "store", None)
    root, archive = getattr(store, "root", None), getattr(store, "path", None)
    if isinstance(root, Path):
        return Path(root, array.path)
    return archive if isinstance(archive, Path) else None


def _identity(place: Path) -> tuple[int, ...] | None:
    """Return which array lies in a place: its metadata's file, size and time of writing."""
    for name in ("", *METADATA):
        try:
            found = (place / name).stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        if stat.S_ISDIR(found.st_mode):
            continue  # which changes with every chunk that is written
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
    return None


def _is_store(path: Path) -> bool:
    """Return whether a path is a store: a folder with its metadata, or a zip file named so."""
    if path.is_dir():
        return any((path / name).exists() for name in METADATA)
    return path.name.endswith(".zarr.zip") and path.is_file()


ZARR = FolderFormat("zarr", _is_store, open_zarr)
