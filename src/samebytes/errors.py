"""The errors of samebytes, each saying what came, what was expected and what to do.

::

    SamebytesError
    ├── NotABuffer         (TypeError)    the object exports no memory to share
    ├── Unconvertible      (TypeError)    no tensor can hold this dtype
    ├── CopyNeeded         (ValueError)   a copy was forbidden, and only a copy would do
    ├── MissingPackage     (ImportError)  an optional package is not installed
    └── FileError          (ValueError)   a file is not what it should be
        ├── UnknownFormat                 neither its name nor its first bytes say what it is
        ├── WrongSize                     it holds fewer or more bytes than it should
        ├── RemoteError                   it lies behind a URL, and could not be read from there
        ├── CompressedMember              it is compressed, so nothing can be mapped
        └── PickledData                   it holds pickled objects, which are never read

Every class also derives from the built-in that NumPy would raise in its place,
so code that catches ``ValueError`` or ``TypeError`` today still does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

__all__ = [
    "CompressedMember",
    "CopyNeeded",
    "FileError",
    "MissingPackage",
    "NotABuffer",
    "PickledData",
    "RemoteError",
    "SamebytesError",
    "Unconvertible",
    "UnknownFormat",
    "WrongSize",
]


class SamebytesError(Exception):
    """Base class of the errors that samebytes raises on purpose."""


class NotABuffer(SamebytesError, TypeError):
    """The object exports no memory that could be shared."""


class Unconvertible(SamebytesError, TypeError):
    """No tensor can hold this dtype, not even a copy of it."""


class MissingPackage(SamebytesError, ImportError):
    """An optional package is needed but not installed."""


class WhyNotShared(Protocol):
    """What a verdict says, as far as an error shows it; `samebytes.Verdict` says more."""

    @property
    def target(self) -> str:
        """The framework that the bytes should have gone to, as named in text."""

    @property
    def codes(self) -> Sequence[str]:
        """Why they cannot be shared, as stable codes: ``"strides"``, ``"dtype"``."""

    @property
    def bytes_copied(self) -> int:
        """How many bytes the copy would write."""

    @property
    def remedy(self) -> str | None:
        """A line of code after which ``x`` is shared; None if there is none."""


class CopyNeeded(SamebytesError, ValueError):
    """A copy was forbidden, and only a copy would do.

    Attributes
    ----------
    verdict : Verdict
        Why the bytes cannot be shared, what the copy costs, and the remedy.
    forbidden_by : str
        What forbids it: ``copy=False`` or ``sb.no_copy()``.
    """

    def __init__(self, verdict: WhyNotShared, forbidden_by: str) -> None:
        self.verdict = verdict
        self.forbidden_by = forbidden_by
        super().__init__(f"{forbidden_by} forbids a copy, and only a copy would do.\n{verdict}")

    def __reduce__(self) -> tuple[type[CopyNeeded], tuple[WhyNotShared, str]]:
        return CopyNeeded, (self.verdict, self.forbidden_by)


class FileError(SamebytesError, ValueError):
    """A file is not what it should be."""


class UnknownFormat(FileError):
    """Neither the file's name nor its first bytes say what it holds."""


class WrongSize(FileError):
    """The file holds fewer or more bytes than it should."""


class RemoteError(FileError):
    """A file behind a URL could not be read, or is no longer the one that was opened."""


class CompressedMember(FileError):
    """The data is compressed, so its bytes cannot be mapped."""


class PickledData(FileError):
    """The file holds pickled objects, which samebytes never reads."""
