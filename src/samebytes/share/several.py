"""The arrays of several files as one source, end to end; by name if the files have names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from samebytes.errors import FileError
from samebytes.memory.files.file_format import Opened, listed, parts_of
from samebytes.memory.lazy import LazyArray
from samebytes.memory.urls import Url
from samebytes.share.concat_array import ConcatArray, end_to_end

__all__ = ["as_one"]

Found = Opened | dict[str, Opened]


def as_one(
    paths: Sequence[Path | Url], found: Sequence[Found]
) -> ConcatArray | dict[str, ConcatArray]:
    """Return the arrays of several files as one source, or as one for each name; never copies.

    Parameters
    ----------
    paths : sequence of Path or Url
        The files, at least one.
    found : sequence
        What each file holds.

    Raises
    ------
    FileError
        If one file holds a single array and another several, or if their names differ.
    ValueError
        If arrays differ in dtype, row shape or strides.
    """
    first = found[0]
    for path, each in zip(paths, found, strict=True):
        if _names(each) != _names(first):
            message = (
                f"{path} holds {_in_words(each)}, but {paths[0]} holds {_in_words(first)}: "
                "expected the same names in each file. Open the files one by one, or choose an "
                "array that all of them have with key=."
            )
            raise FileError(message)
    if isinstance(first, dict):
        return {name: _joined(paths, [_member(each, name) for each in found]) for name in first}
    return _joined(paths, [each for each in found if not isinstance(each, dict)])


def _names(found: Found) -> frozenset[str] | None:
    return frozenset(found) if isinstance(found, dict) else None


def _in_words(found: Found) -> str:
    if not isinstance(found, dict):
        return "a single array"
    return f"arrays named {listed(found)}" if found else "no arrays"


def _member(found: Found, name: str) -> Opened:
    if not isinstance(found, dict):
        raise TypeError(name)  # never: all hold the same names
    return found[name]


def _joined(paths: Sequence[Path | Url], found: Sequence[Opened]) -> ConcatArray:
    arrays: list[npt.NDArray[Any] | LazyArray] = []
    names = []
    for path, each in zip(paths, found, strict=True):
        parts = parts_of(each)
        arrays += parts
        names += [str(path)] * len(parts)
    return end_to_end(arrays, names)
