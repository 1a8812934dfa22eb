"""What a file format is here: how to recognise it, and how to read it where it is mapped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.errors import FileError
from samebytes.memory.files.mapping import MappedFile
from samebytes.memory.files.origin import mapping_of
from samebytes.memory.lazy import LazyArray
from samebytes.memory.text import dtype_in_words, shortened

__all__ = ["FIRST_BYTES", "FileFormat", "Found", "Opened", "listed", "missing_key", "parts_of"]

FIRST_BYTES = 64
"""How many bytes of a file a format is shown to recognise itself."""

MOST_LISTED = 20
"""How many names an error lists."""

Opened = npt.NDArray[Any] | list[npt.NDArray[Any]] | LazyArray
"""An array, the parts of one that lies in several places, end to end, or one that is read."""

Found = Opened | Mapping[str, Opened | FileError]
"""What lies in a file: one array, or several by name; an error stands for what cannot be mapped."""


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
        mapping. A list stands for arrays that lie end to end. If something is wrong with the file,
        it raises a `samebytes.FileError`; if only one array cannot be mapped, it puts the error
        into the dict in place of that array.
    open_key : callable, optional
        Takes the mapping and a name, and returns the array of that name. It is for formats where
        this takes less time than `open`, or which accept other names too. By default, the name is
        looked up in what `open` returns.

    Examples
    --------
    >>> FileFormat("be", lambda first, path: first.startswith(b"BE"), lambda mapping: {}).name
    'be'
    """

    name: str
    matches: Callable[[bytes, Path], bool]
    open: Callable[[MappedFile], Found]
    open_key: Callable[[MappedFile, str], Opened] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            message = (
                f"a file format is named {self.name!r}: expected how its files end, in letters "
                "and digits without the dot, for example 'npy'."
            )
            raise ValueError(message)
        for what in ("matches", "open", "open_key"):
            given = getattr(self, what)
            if not callable(given) and (what != "open_key" or given is not None):
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

    def read(self, mapping: MappedFile, key: str | None = None) -> Opened | dict[str, Opened]:
        """Return what `open` makes of a mapped file; never copies, and refuses what has copied.

        Parameters
        ----------
        mapping : MappedFile
            The file.
        key : str, optional
            Which of its arrays to return; all of them by default.

        Raises
        ------
        FileError
            If the file has no array of that name, or an array that was asked for cannot be mapped.
        TypeError
            If `open` returns neither an array nor a dict of arrays by name.
        ValueError
            If an array is not a view of the mapping, or `key` is given for a file of one array.
        """
        if key is None:
            found = self.survey(mapping)
            if not isinstance(found, dict):
                return found
            refusals = {name: why for name, why in found.items() if isinstance(why, FileError)}
            if refusals:
                raise _refused(refusals, {**found})
            return {name: each for name, each in found.items() if not isinstance(each, FileError)}
        if self.open_key is not None:
            chosen: Opened = self.open_key(mapping, key)
            self._check(mapping, key, chosen)
            return chosen
        found = self.survey(mapping)
        if not isinstance(found, dict):
            message = (
                f"{mapping.path} is an .{self.name} file with a single array, but key= is {key!r}: "
                "expected no key=. Leave it out."
            )
            raise ValueError(message)  # noqa: TRY004 (the type is right, the file has no names)
        if key not in found:
            raise missing_key(mapping, key, found)
        one = found[key]
        if isinstance(one, FileError):
            raise one
        return one

    def survey(self, mapping: MappedFile) -> Opened | dict[str, Opened | FileError]:
        """Return all that `open` finds, with an error for what cannot be mapped; never copies.

        Raises
        ------
        TypeError, ValueError
            As `read` raises them.
        """
        found: Any = self.open(mapping)  # by whoever added the format, so not believed
        arrays: dict[Any, Any] = found if isinstance(found, dict) else {None: found}
        for name, each in arrays.items():
            if not isinstance(each, FileError) or name is None:
                self._check(mapping, name, each)
        opened: Opened | dict[str, Opened | FileError] = found
        return opened

    def _check(self, mapping: MappedFile, name: Any, found: Any) -> None:
        """Refuse anything but an array, or a list of arrays, on the mapping."""
        known = name is None or isinstance(name, str)
        many = isinstance(found, list) and bool(found) and isinstance(found[0], np.ndarray)
        for array in found if many else [found]:
            if isinstance(array, LazyArray) and known:
                continue
            if not isinstance(array, np.ndarray) or not known:
                kind = type(array).__name__
                where = "" if name is None else f" under {name!r}"
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


def parts_of(found: Opened | FileError) -> list[npt.NDArray[Any] | LazyArray]:
    """Return the parts of an array, or the array itself; none if it cannot be opened."""
    if isinstance(found, FileError):
        return []
    return [*found] if isinstance(found, list) else [found]


def listed(names: Iterable[str], facts: Mapping[str, str] | None = None) -> str:
    """Return names as an error lists them: quoted, each with its facts, and only the first of many.

    Examples
    --------
    >>> listed(["x", "y"])
    "'x', 'y'"
    >>> listed(["x"], {"x": "float32 (3, 4)"})
    "'x' (float32 (3, 4))"
    """
    said = facts or {}
    quoted = [
        repr(shortened(name, 60)) + (f" ({said[name]})" if name in said else "") for name in names
    ]
    more = f" and {len(quoted) - MOST_LISTED:,} more" if len(quoted) > MOST_LISTED else ""
    return ", ".join(quoted[:MOST_LISTED]) + more


def missing_key(mapping: MappedFile, key: str, names: Iterable[str]) -> FileError:
    """Return the error for a name that is not in a file; it lists the names that are."""
    there = listed(names)
    return FileError(
        f"{mapping.path} has nothing named {shortened(key)!r}: expected "
        + (f"key= to be one of {there}." if there else "a file with arrays; this one has none.")
    )


def _refused(refusals: dict[str, FileError], found: dict[str, Opened | FileError]) -> FileError:
    """Return one error for all arrays of a file that cannot be mapped, of the kind they share."""
    kinds = {type(why) for why in refusals.values()}
    kind = kinds.pop() if len(kinds) == 1 else FileError
    first, *others = refusals
    names = {name: _facts(each) for name, each in found.items() if not isinstance(each, FileError)}
    if len(refusals) == 1 and not names:
        return refusals[first]
    message = str(refusals[first])
    if others:
        message += f" {listed(others)} cannot be mapped either; key= with one of them says why."
    if names:
        message += f" To open another array, pass its name as key=: {listed(names, names)}."
    return kind(message)


def _facts(found: Opened) -> str:
    arrays = parts_of(found)
    first = arrays[0]
    shape = (sum(len(array) for array in arrays), *first.shape[1:]) if first.ndim else ()
    return f"{dtype_in_words(first.dtype)} {shape}"


_EXPECTED = {
    "matches": "matches(first_bytes, path) -> bool",
    "open": "open(mapping) -> numpy.ndarray, or a dict of them by name",
    "open_key": "open_key(mapping, key) -> numpy.ndarray",
}
