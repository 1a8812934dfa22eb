"""What a format is whose arrays are stored in a folder of many files, or in an archive of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            message = (
                f"a folder format is named {self.name!r}: expected how its folders end, in letters "
                "and digits without the dot, for example 'zarr'."
            )
            raise ValueError(message)
        for what in ("matches", "open"):
            if not callable(getattr(self, what)):
                message = (
                    f"{what} of the folder format .{self.name} is of type "
                    f"{type(getattr(self, what)).__name__}: expected a function, {_EXPECTED[what]}."
                )
                raise TypeError(message)

    def recognises(self, path: Path) -> bool:
        """Return whether something of this format lies at a path, by what `matches` says.

        Raises
        ------
        TypeError
            If that says neither yes nor no.
        """
        answer: object = self.matches(path)
        if not isinstance(answer, bool):
            message = (
                f"matches of the folder format .{self.name} returned {type(answer).__name__} for "
                f"{path}: expected True or False, {_EXPECTED['matches']}."
            )
            raise TypeError(message)
        return answer

    def read(self, path: Path, key: str | None = None) -> LazyArray | dict[str, LazyArray]:
        """Return what `open` makes of a folder, and refuse what is no lazy array.

        Raises
        ------
        TypeError
            If `open` returns neither a lazy array nor a dict of them by name.
        """
        found: Any = self.open(path, key)  # by whoever added the format, so not believed
        arrays = found if isinstance(found, dict) else {"": found}
        for name, each in arrays.items():
            if not isinstance(each, LazyArray) or not isinstance(name, str):
                message = (
                    f"open of the folder format .{self.name} returned {type(each).__name__} for "
                    f"{path}: expected {_EXPECTED['open']}."
                )
                raise TypeError(message)
        return {**found} if isinstance(found, dict) else arrays[""]


_EXPECTED = {
    "matches": "matches(path)",
    "open": "open(path, key), which returns a LazyArray or a dict of them by name",
}
