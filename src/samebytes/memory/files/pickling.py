"""Sources in pickles: what is mapped goes as the path of its file, never as its bytes."""

from __future__ import annotations

import bisect
import math
import mmap
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from samebytes.errors import FileError, MissingPackage, WrongSize
from samebytes.memory.files.file_format import parts_of
from samebytes.memory.files.mapping import MappedFile, map_file
from samebytes.memory.files.npy import read_npy
from samebytes.memory.files.origin import mapping_of
from samebytes.memory.files.registry import format_of
from samebytes.memory.text import as_bytes_text

__all__ = ["pack", "unpack"]

S = TypeVar("S")


class _Header(NamedTuple):
    """What a file says about the array at some place in it: its name, its start, its layout."""

    member: str
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        return f"{self.dtype} {self.shape}" + f" in {self.member!r}" * bool(self.member)


@dataclass(frozen=True)
class _Mapped:
    """An array on a file: where the file lies, what it was like, and where the array lies in it.

    A file with a header is the same if that is; one without, if nobody has written to it since.
    """

    path: str
    size: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]
    header: _Header | None = None
    mtime_ns: int | None = None


@dataclass(frozen=True)
class _Repeated:
    """A broadcast array: one of what it repeats, and the shape."""

    once: npt.NDArray[Any] | _Swapped
    shape: tuple[int, ...]


@dataclass(frozen=True)
class _Swapped:
    """An array in the other order of bytes, which NumPy's own pickles turn into the machine's.

    Parts of one source would differ afterwards: those on files stay as they are.
    """

    items: npt.NDArray[np.void]
    dtype: np.dtype[Any]


Packed = _Mapped | _Repeated | _Swapped


def pack(array: S) -> S | Packed:
    """Return what stands for `array` in a pickle: its place in a file, or its own bytes.

    Read-only arrays of mapped files (`samebytes.open`, ``np.load(mmap_mode="r")``) go as
    their place; writable ones as their bytes, since those may differ from the file's. What a
    broadcast array repeats goes once.

    Raises
    ------
    WrongSize
        If the file is no longer where it was opened.
    FileError
        If there is another one in its place, whose header differs or that has none.
    """
    if not isinstance(array, np.ndarray):
        return array  # what is joined sees to its parts by itself
    place = _place(array)
    if place is not None:
        return place
    repeated = [
        length > 1 and step == 0 for length, step in zip(array.shape, array.strides, strict=True)
    ]
    if any(repeated):
        once = array[tuple(slice(0, 1) if again else slice(None) for again in repeated)]
        return _Repeated(_in_order(once), array.shape)
    kept: S | Packed = _in_order(array)
    return kept


def _in_order(array: Any) -> Any:
    """Return what stands for an array in a pickle, so that its bytes keep their order."""
    if array.dtype.isnative or array.dtype.names is not None:
        return array
    return _Swapped(array.view(f"V{array.dtype.itemsize}"), array.dtype)


def unpack(packed: S | Packed) -> S | npt.NDArray[Any]:
    """Return the array again, its file mapped anew.

    Raises
    ------
    WrongSize
        If the file is no longer as large as it was.
    FileError
        If its header describes another array, or it has none and was written to since.
    MissingPackage
        If reading its header needs a package that is not installed here.
    """
    if isinstance(packed, _Repeated):
        return np.broadcast_to(unpack(packed.once), packed.shape)
    if isinstance(packed, _Swapped):
        return packed.items.view(packed.dtype)
    if not isinstance(packed, _Mapped):
        return packed
    mapping = _map(packed.path)
    if len(mapping) != packed.size:
        message = (
            f"{packed.path} has {as_bytes_text(len(mapping))}, but had "
            f"{as_bytes_text(packed.size)} when the dataset was pickled; pickle it again"
        )
        raise WrongSize(message)
    _check_same(packed, mapping)
    every_byte = np.frombuffer(mapping, np.uint8)
    view: npt.NDArray[Any] = np.ndarray(
        packed.shape, packed.dtype, every_byte, packed.offset, packed.strides
    )
    return view


def _check_same(packed: _Mapped, mapping: MappedFile) -> None:
    """Refuse a file that is as large as it was, and another."""
    if packed.header is not None:
        now = _header(mapping, packed.offset)
        if now == packed.header:
            return
        said = "no longer says what it holds" if now is None else f"holds {now}"
        what = f"{said}, but held {packed.header} when"
    elif packed.mtime_ns in (None, Path(packed.path).stat().st_mtime_ns):
        return
    else:
        what = "has no header that would tell what it holds, and was written to after"
    message = f"{packed.path} {what} the dataset was pickled; pickle it again"
    raise FileError(message)


_headers: weakref.WeakKeyDictionary[MappedFile, tuple[tuple[int, ...], list[_Header]]]
_headers = weakref.WeakKeyDictionary()
"""The headers of files, with the state of the file then: many parts of one file ask in turn."""

_mapped: weakref.WeakValueDictionary[str, MappedFile] = weakref.WeakValueDictionary()
"""Files that were mapped to unpickle an array; the next array of one uses the same mapping."""


def _told(mapping: Any, offset: int) -> _Header | None:
    """Return the header if it can be read; None if that needs a package that is not installed."""
    try:
        return _header(mapping, offset)
    except MissingPackage:
        return None  # so it was opened raw


def _header(mapping: Any, offset: int) -> _Header | None:
    """Return what a mapped file says about the array at `offset`, None if it says nothing."""
    headers = _headers_of(mapping)
    place = bisect.bisect_right([header.start for header in headers], offset) - 1
    if place < 0:
        return None
    header = headers[place]
    inside = offset < header.start + math.prod(header.shape) * header.dtype.itemsize
    return header if inside else None


def _headers_of(mapping: Any) -> list[_Header]:
    """Return what a mapped file says about its arrays, in the order in which they lie."""
    if not isinstance(mapping, MappedFile):  # NumPy's own mapping, which it makes of .npy alone
        return _read_headers(mapping)
    when = _when(mapping.path)
    known = _headers.get(mapping)
    if known is None or known[0] != when:
        known = _headers[mapping] = when, _read_headers(mapping)
    return known[1]


def _when(path: Path) -> tuple[int, ...]:
    """Return which file lies at a path, and when it was last written to."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _read_headers(mapping: Any) -> list[_Header]:
    try:
        opened = _opened(mapping)
    except FileError:
        return []  # it only begins like one, and was opened raw
    begin = np.frombuffer(mapping, np.uint8).ctypes.data
    named = opened if isinstance(opened, dict) else {"": opened}
    headers = [
        _Header(name, array.ctypes.data - begin, array.shape, array.strides, array.dtype)
        for name, found in named.items()
        for array in parts_of(found)
        if isinstance(array, np.ndarray) and array.size
    ]
    return sorted(headers, key=lambda header: header.start)


def _opened(mapping: Any) -> Any:
    """Return the arrays in a mapped file by its header, an empty dict if it has no format."""
    if not isinstance(mapping, MappedFile):
        return read_npy(mapping, 0, len(mapping), "")
    found = format_of(mapping)
    return {} if found is None else found.survey(mapping)


def _map(path: str) -> MappedFile:
    """Return a file mapped, on the mapping of an earlier array if the file is still the same."""
    known = _mapped.get(path)
    if known is not None and not known.closed:
        found = Path(path).stat()
        if (*known.identity, len(known)) == (found.st_dev, found.st_ino, found.st_size):
            return known
    mapping = map_file(path)
    _mapped[path] = mapping
    return mapping


def _place(array: npt.NDArray[Any]) -> _Mapped | None:
    """Return where in which file an array lies, None if it is on none or may differ from it."""
    if array.flags.writeable or array.size == 0:
        return None
    mapping = mapping_of(array)
    if mapping is not None:
        every_byte = np.frombuffer(mapping, np.uint8)
        if every_byte.flags.writeable:
            return None
        path, size = mapping.path.resolve(), len(mapping)
        if not path.exists() or path.stat().st_size != size:
            raise _gone(path, size)
        offset = array.ctypes.data - every_byte.ctypes.data
        return _placed(array, path, offset, mapping, mapping.identity)
    memmap = _memmap_of(array)
    if memmap is None or memmap.mode != "r" or memmap.filename is None:
        return None
    path, size = Path(memmap.filename).resolve(), memmap.offset + memmap.nbytes
    if not path.exists() or path.stat().st_size < size:
        raise _gone(path, size)
    offset = array.ctypes.data - memmap.ctypes.data + memmap.offset
    # NumPy maps from the last page before the array on, which for a .npy file is the first.
    whole = memmap.base if memmap.offset < mmap.ALLOCATIONGRANULARITY else None
    return _placed(array, path, offset, whole)


def _gone(path: Path, size: int) -> WrongSize:
    # Opened by a relative path in another folder, or moved since: its bytes could be many
    # gigabytes, so they are not taken in its place unasked.
    message = (
        f"{path} is no longer the file of {as_bytes_text(size)} that was mapped, so the dataset "
        "cannot be pickled; open the file by its full path"
    )
    return WrongSize(message)


def _placed(
    array: npt.NDArray[Any],
    path: Path,
    offset: int,
    mapping: Any,
    identity: tuple[int, int] | None = None,
) -> _Mapped:
    """Return the place of an array in the file at `path`, which must be the one that is mapped."""
    found = path.stat()
    mapped = None if mapping is None else _told(mapping, offset)
    same = identity == (found.st_dev, found.st_ino)
    header = mapped if same else _told(map_file(path), offset)
    # Without a header of the mapped file, there is no telling whether another file is the same.
    if (header != mapped and mapped is not None) or not (same or mapped or identity is None):
        message = (
            f"{path} was replaced by another file after it was mapped, so the dataset cannot be "
            "pickled; open the file again"
        )
        raise FileError(message)
    where = str(path), found.st_size, offset
    kind = array.shape, array.strides, array.dtype
    return _Mapped(*where, *kind, header, found.st_mtime_ns)


def _memmap_of(array: npt.NDArray[Any]) -> np.memmap[Any, Any] | None:
    """Return the whole np.memmap of which an array is a view, or None."""
    owner: Any = array
    while owner is not None:
        base = getattr(owner, "base", None)
        if isinstance(owner, np.memmap) and isinstance(base, mmap.mmap):
            return owner
        owner = owner.obj if isinstance(owner, memoryview) else base
    return None
