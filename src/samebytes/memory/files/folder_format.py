"""What a format is whose arrays are stored in a folder of many files, or in an archive of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from samebytes.memory.lazy import LazyArray

__all__ = ["FolderFormat"]


@dataclass(frozen=True)
class FolderFormat:
    """A format of folders; opening one reads no data.

    Attributes
    ----------
    name : str
        How such folders are usually named, without the dot: ``zarr``.
    matches : callable
        Takes a path, and returns whether something of this format lies there.
    open : callable
        Takes the path and a name or None, and returns the `LazyArray` of that name, the only one,
        or all of them by name. What is wrong it says in a `samebytes.FileError`.
    """

    name: str
    matches: Callable[[Path], bool]
    open: Callable[[Path, str | None], LazyArray | dict[str, LazyArray]]
