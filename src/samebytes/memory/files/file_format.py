"""What a file format is here: how to recognise it, and how to read it where it is mapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.files.mapping import MappedFile
from samebytes.memory.files.origin import mapping_of

__all__ = ["FIRST_BYTES", "FileFormat", "Opened"]

FIRST_BYTES = 64
"""How many bytes of a file a format is shown to recognise itself."""

Opened = npt.NDArray[Any] | dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class FileFormat:
    """A format whose files describe themselves; reading never copies.

    Attributes
    ----------
    name : str
        How files of it are usually named, without the dot: ``npy``.
    matches : callable
        Takes the first bytes of a file (64, or all of a shorter one) and its path, and returns
        whether the file has this format. It is called for every file that is opened, so it should
        read nothing more.
    open : callable
        Takes a `samebytes.memory.files.MappedFile`, and returns the array in it, or a dict of
        arrays by name. Each is made by `samebytes.memory.files.view_of`, and so is a view of the
        mapping. If something is wrong with the file, it raises a `samebytes.FileError`.

    Examples
    --------
    >>> FileFormat("be", lambda first, path: first.startswith(b"BE"), lambda mapping: {}).name
    'be'
    """

    name: str
    matches: Callable[[bytes, Path], bool]
    open: Callable[[MappedFile], Opened]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            message = (
                f"a file format is named {self.name!r}: expected how its files end, in letters "
                "and digits without the dot, for example 'npy'."
            )
            raise ValueError(message)
        for what in ("matches", "open"):
            if not callable(given := getattr(self, what)):
                message = (
                    f"{what} of the file format .{self.name} is of type {type(given).__name__}: "
                    f"expected a function, {_EXPECTED[what]}."
                )
                raise TypeError(message)

    def recognises(self, first_bytes: bytes, path: Path) -> bool:
        """Return whether a file is of this format, by what `matches` says.

        Raises
        ------
        TypeError
            If that says neither yes nor no.
        """
        answer: object = self.matches(first_bytes, path)
        if not isinstance(answer, bool | np.bool_):
            message = (
                f"matches of the file format .{self.name} returned {type(answer).__name__} for "
                f"{path}: expected True or False, {_EXPECTED['matches']}."
            )
            raise TypeError(message)
        return bool(answer)

    def read(self, mapping: MappedFile) -> Opened:
        """Return what `open` makes of a mapped file; never copies, and refuses what has copied.

        Raises
        ------
        TypeError
            If that is neither an array nor a dict of arrays by name.
        ValueError
            If an array is no view of the mapping.
        """
        found: Any = self.open(mapping)  # by whoever added the format, so not believed
        arrays: dict[Any, Any] = found if isinstance(found, dict) else {"": found}
        for name, array in arrays.items():
            if not isinstance(array, np.ndarray) or not isinstance(name, str):
                kind = type(array).__name__
                where = f" under {name!r}" if isinstance(found, dict) else ""
                message = (
                    f"open of the file format .{self.name} returned {kind}{where} for "
                    f"{mapping.path}: expected {_EXPECTED['open']}."
                )
                raise TypeError(message)
            if mapping_of(array) is not mapping:
                member = f" {name!r}" if name else ""
                message = (
                    f"open of the file format .{self.name} returned an array{member} that is not a "
                    f"view of {mapping.path}: expected one on its mapped bytes, as "
                    "samebytes.memory.files.view_of returns."
                )
                raise ValueError(message)
        opened: Opened = found
        return opened


_EXPECTED = {
    "matches": "matches(first_bytes, path) -> bool",
    "open": "open(mapping) -> numpy.ndarray, or a dict of them by name",
}
