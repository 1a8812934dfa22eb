"""Several files under one name: patterns and lists, in which numbers are sorted by value."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from pathlib import Path

from samebytes.memory.urls import is_url, refuse_collapsed

__all__ = ["natural_key", "paths_of"]

_MAGIC = re.compile(r"[*?\[]")
_NUMBER = re.compile(r"([0-9]+)")


def paths_of(path: object) -> list[Path | str] | None:
    """Return the files that a pattern or a list stands for, or None for one file or URL.

    Only folders are read, so a thousand files cost no more than listing their folder.

    Parameters
    ----------
    path : path-like or iterable of path-like
        A pattern is a path with ``*``, ``?`` or ``[...]`` that is not itself a file; ``**`` stands
        for any number of folders. Its matches are sorted in natural order (part-2 before part-10);
        a list keeps its order. A URL stands for itself, whatever is in it.

    Raises
    ------
    FileNotFoundError
        If nothing matches the pattern.
    ValueError
        If a list is empty.
    TypeError
        If it is neither a path nor a list of paths.
    """
    if is_url(path):
        return None
    if isinstance(path, str | os.PathLike):
        refuse_collapsed(path)
        return _matches(os.fspath(path))
    if not isinstance(path, Iterable) or isinstance(path, bytes):
        message = (
            f"open was given {type(path).__name__}: expected the path of a file, a pattern such "
            "as 'part-*.npy', or a list of paths."
        )
        raise TypeError(message)
    paths = list(path)
    for number, each in enumerate(paths):
        refuse_collapsed(each)
        if not isinstance(each, str | os.PathLike):
            message = (
                f"open was given a list whose item {number} is of type {type(each).__name__}: "
                "expected only paths. To lay arrays end to end, use sb.concat(x)."
            )
            raise TypeError(message)
    if not paths:
        message = (
            "open was given an empty list: expected at least one path. If the list comes from a "
            "pattern, check that the pattern matches."
        )
        raise ValueError(message)
    return [each if is_url(each) else Path(each) for each in paths]


def _matches(pattern: str) -> list[Path | str] | None:
    if not isinstance(pattern, str) or not _MAGIC.search(pattern) or Path(pattern).exists():
        return None
    # On strings: for thousands of files, that is faster than pathlib's own.
    found = glob.glob(pattern, recursive=True)  # noqa: PTH207
    if not found:
        where = "" if Path(pattern).is_absolute() else f" in {Path.cwd()}"
        message = (
            f"no file matches {pattern!r}{where}: expected at least one. Correct the pattern: * "
            "stands for any characters, ? for any one, and [...] for one of a set."
        )
        raise FileNotFoundError(message)
    return [Path(each) for each in sorted(found, key=natural_key)]


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts names in natural order: by the value of the numbers in them.

    Examples
    --------
    >>> sorted(["part-10", "part-9", "part-09b"], key=natural_key)
    ['part-9', 'part-09b', 'part-10']
    """
    parts = _NUMBER.split(name)
    # Numbers of the same value also by their digits, so that no two names are equal.
    return tuple(
        (int(part), len(part), "") if place % 2 else (-1, 0, part)
        for place, part in enumerate(parts)
    )
