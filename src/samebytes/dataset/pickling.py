"""Sources in pickles: what is mapped goes as the path of its file, never as its bytes."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.errors import WrongSize
from samebytes.memory.files.mapping import map_file
from samebytes.memory.files.origin import mapping_of
from samebytes.share.layout import as_bytes_text

__all__ = ["pack", "unpack"]


@dataclass(frozen=True)
class _Mapped:
    """An array on a file: where the file lies, how large it was, and where the array lies in it."""

    path: str
    size: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class _Repeated:
    """A broadcast array: one of what it repeats, and the shape."""

    once: npt.NDArray[Any]
    shape: tuple[int, ...]


def pack(array: Any) -> Any:
    """Give what stands for `array` in a pickle: its place in a file, or its own bytes.

    Read-only arrays of mapped files (`samebytes.open`, ``np.load(mmap_mode="r")``) go as
    their place; writable ones as their bytes, since those may differ from the file's. What a
    broadcast array repeats goes once.

    Raises
    ------
    WrongSize
        If the file is no longer where it was opened.
    """
    if not isinstance(array, np.ndarray):
        return array  # what is joined sees to its parts by itself
    place = _place(array)
    if place is not None:
        path, size, offset = place
        return _Mapped(path, size, offset, array.shape, array.strides, array.dtype)
    repeated = [
        length > 1 and step == 0 for length, step in zip(array.shape, array.strides, strict=True)
    ]
    if any(repeated):
        once = array[tuple(slice(0, 1) if again else slice(None) for again in repeated)]
        return _Repeated(once, array.shape)
    return array


def unpack(packed: Any) -> Any:
    """Give the array again, its file mapped anew.

    Raises
    ------
    WrongSize
        If the file is no longer as large as it was.
    """
    if isinstance(packed, _Repeated):
        return np.broadcast_to(packed.once, packed.shape)
    if not isinstance(packed, _Mapped):
        return packed
    mapping = map_file(packed.path)
    if len(mapping) != packed.size:
        message = (
            f"{packed.path} has {as_bytes_text(len(mapping))}, and had "
            f"{as_bytes_text(packed.size)} when the dataset was pickled; pickle it again"
        )
        raise WrongSize(message)
    every_byte = np.frombuffer(mapping, np.uint8)
    view: npt.NDArray[Any] = np.ndarray(
        packed.shape, packed.dtype, every_byte, packed.offset, packed.strides
    )
    return view


def _place(array: npt.NDArray[Any]) -> tuple[str, int, int] | None:
    """Give the path and size of the file that an array shows, and its offset in it."""
    if array.flags.writeable or array.size == 0:
        return None
    mapping = mapping_of(array)
    if mapping is not None:
        every_byte = np.frombuffer(mapping, np.uint8)
        if every_byte.flags.writeable:
            return None
        path, size = mapping.path.resolve(), len(mapping)
        if not path.exists() or path.stat().st_size != size:
            # Opened by a relative path in another folder, or moved since: its bytes could be
            # many gigabytes, so they are not taken in its place unasked.
            message = (
                f"{path} is no longer the file of {as_bytes_text(size)} that was mapped, so the "
                "dataset cannot be pickled; open the file by its whole path"
            )
            raise WrongSize(message)
        return str(path), size, array.ctypes.data - every_byte.ctypes.data
    memmap = _memmap_of(array)
    if memmap is None or memmap.mode != "r" or memmap.filename is None:
        return None
    path = Path(memmap.filename).resolve()
    offset = array.ctypes.data - memmap.ctypes.data + memmap.offset
    return str(path), path.stat().st_size, offset


def _memmap_of(array: Any) -> Any:
    """Give the whole np.memmap of which an array is a view, or None."""
    owner = array
    while owner is not None:
        base = getattr(owner, "base", None)
        if isinstance(owner, np.memmap) and isinstance(base, mmap.mmap):
            return owner
        owner = owner.obj if isinstance(owner, memoryview) else base
    return None
