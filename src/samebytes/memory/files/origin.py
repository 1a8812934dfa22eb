"""Where the bytes of an array come from, whoever made the array: the mapping below its views.

A mapping can be taken away under an array (closed, resized), and its file can be cut short; both
would end the process at the next touch. `check_unshrunk` asks beforehand; `hold`, beside this file,
sees to it while something is being read.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np

from samebytes.errors import FileError, WrongSize
from samebytes.memory.files.mapping import MappedFile
from samebytes.memory.text import bytes_in_words

__all__ = ["Origin", "check_unshrunk", "mapping_of", "origin_of"]

DEEPEST = 100
"""Objects below an array that are looked at: NumPy joins views of views, so there are few."""

_CTYPES = (ctypes.Array, ctypes.Structure, ctypes.Union, ctypes._SimpleCData)  # noqa: SLF001


def mapping_of(array: object) -> MappedFile | None:
    """Return the mapping whose bytes an array shows, or None; it never copies.

    Parameters
    ----------
    array : object
        Usually an array, or a memoryview of one.

    Returns
    -------
    MappedFile or None
        None for every array that is no view of a `MappedFile`.

    Raises
    ------
    FileError
        If the memory was let go of under the array.
    """
    owner, _ = _owner_of(array)
    return owner if isinstance(owner, MappedFile) else None


def check_unshrunk(array: object) -> None:
    """Refuse an array whose file has been cut short since; it never copies.

    Costs about a microsecond. Nothing happens unless the array is a view of a mapped file: ours,
    that of an ``np.memmap`` (``np.load`` with ``mmap_mode`` gives one) or of an ``mmap.mmap``. The
    last does not tell where in its file it begins, and counts as beginning with it.

    Parameters
    ----------
    array : object
        Any array.

    Raises
    ------
    WrongSize
        If the file now ends before the mapping does: touching the bytes in between would
        end the process with SIGBUS.
    FileError
        If the mapping was closed under the array: touching it would end the process too.
    """
    owner, known = _owner_of(array)
    if isinstance(owner, mmap.mmap):
        Origin(owner, known).check()


class Origin:
    """A mapping below some arrays, and what is known of its file.

    Parameters
    ----------
    mapping : mmap.mmap
        Any, open or closed.
    known : np.memmap, optional
        The one that was made of it; it knows the file's name, and its place there.

    Attributes
    ----------
    least : int
        Bytes that the file must have for all pages to be there.
    """

    __slots__ = ("_known", "least", "mapping")

    def __init__(self, mapping: mmap.mmap, known: np.memmap[Any, Any] | None) -> None:
        self.mapping = mapping
        self._known = known
        if mapping.closed:
            message = (
                f"{self.name} was closed, but an array still shows its bytes, and reading them "
                "would end the process. Open it again, and close it after the last use."
            )
            raise FileError(message)
        self.least = len(mapping)
        if known is not None and known.offset is not None:
            self.least = known.offset + known.nbytes

    @property
    def name(self) -> str:
        """The file's name, for an error."""
        return "A mapped file, whose name is unknown," if self.path is None else str(self.path)

    @property
    def path(self) -> Path | None:
        """Where the file is, None where that is unknown."""
        if isinstance(self.mapping, MappedFile):
            return self.mapping.path
        named = None if self._known is None else self._known.filename
        return None if named is None else Path(named)

    @property
    def is_private(self) -> bool:
        """Whether what was written to it is in memory alone, as with mode 'c'."""
        if isinstance(self.mapping, MappedFile):
            return self.mapping.is_private
        return self._known is not None and self._known.mode == "c"

    @property
    def identity(self) -> tuple[int, int] | None:
        """Device and number of the file, None where they were not noted when it was mapped."""
        return self.mapping.identity if isinstance(self.mapping, MappedFile) else None

    @property
    def mapping_offset(self) -> int:
        """Where in the file the mapping begins, in bytes."""
        offset = None if self._known is None else self._known.offset
        return 0 if offset is None else offset - offset % mmap.ALLOCATIONGRANULARITY

    @property
    def has_file(self) -> bool:
        """Whether there are pages that could go missing."""
        try:
            self.mapping.size()
        except OSError as error:
            return error.errno != errno.EBADF
        except ValueError:
            pass  # it let go of its file, which is there all the same
        return True

    @property
    def size(self) -> int | None:
        """The size of the file as it is now, or None where there is none to ask."""
        try:
            return self.mapping.size()
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
            return None  # memory without a file
        except ValueError:
            return None  # made with trackfd=False: it let go of its file

    def check(self) -> int | None:
        """Refuse a file that has become too short; else give its size, None for what has none.

        Raises
        ------
        WrongSize
            If its last bytes are no longer there.
        """
        found = self.size
        if found is None or found >= self.least:
            return found
        # A device is 0 bytes long for those who ask, and so is a file that is written anew.
        if found or not self._is_there():
            raise self.cut_short_error(found)
        return None

    def cut_short_error(self, found: int) -> WrongSize:
        """Return the error for a file of so many bytes."""
        least = "" if isinstance(self.mapping, MappedFile) else "at least "
        return WrongSize(
            f"{self.name} was cut short while it was mapped: expected "
            f"{least}{bytes_in_words(self.least)}, found {bytes_in_words(found)}. Reading it would "
            "end the process. Open it again, and have writers write a new file and rename it."
        )

    def missing_pages_error(self) -> WrongSize:
        """Return the error for a file of which a part was missing when it was read."""
        found = self.size
        if found is not None and found < self.least:
            return self.cut_short_error(found)
        now = "" if found is None else f", found {bytes_in_words(found)} now"
        return WrongSize(
            f"{self.name} was not complete while it was being read: expected at least "
            f"{bytes_in_words(self.least)} throughout{now}. It was cut short for a while, or its "
            "disk could not be read. Open it again, and have writers write a new file and rename "
            "it."
        )

    def _is_there(self) -> bool:
        """Return whether the first page of the mapping exists, without touching it."""
        reader, writer = os.pipe()
        try:
            # Here the kernel reads the byte, and says EFAULT where our own reading would be fatal.
            os.write(writer, memoryview(self.mapping)[:1])
        except OSError as error:
            if error.errno != errno.EFAULT:
                raise
            return False
        finally:
            os.close(reader)
            os.close(writer)
        return True


def origin_of(array: object) -> Origin | bytearray | Any | None:
    """Return what can take away the memory of an array: the mapping's `Origin`, or its owner.

    Returns
    -------
    Origin, or an object that exports memory, or None
        An owner that is no mapping is a ``bytearray`` or ``array.array``. None for memory that
        is there as long as the array is, and where nobody can tell: what lies below the tensors
        of a framework, or a library's own buffers, is not known here.

    Raises
    ------
    FileError
        If the memory was let go of already.
    """
    owner, known = _owner_of(array)
    if isinstance(owner, mmap.mmap):
        return Origin(owner, known)
    # By its name: who has one has imported the module.
    growing = isinstance(owner, bytearray) or type(owner).__module__ == "array"
    return owner if growing else None


def _owner_of(array: object) -> tuple[object, np.memmap[Any, Any] | None]:
    """Return the object below all views, and the memmap on it, which knows its place."""
    owner, known = array, None
    for _ in range(DEEPEST):
        if isinstance(owner, mmap.mmap):
            break
        if isinstance(owner, np.memmap):
            known = owner
        below = _exporter_of(owner)
        if below is None:
            break
        owner = below
    return owner, known


def _exporter_of(owner: object) -> object:
    """Return the object whose memory another one shows, or None."""
    if isinstance(owner, memoryview):
        try:
            return owner.obj
        except ValueError as refusal:
            message = (
                "the memoryview below an array was released (as SharedMemory.close() does), and "
                "reading the array could end the process. Release it, or close the memory behind "
                "it, only after the last use."
            )
            raise FileError(message) from refusal
    if isinstance(owner, _CTYPES):
        # What `from_buffer` was given, in the outermost object, which others are parts of.
        kept = getattr(owner, "_objects", None)
        views = kept.values() if isinstance(kept, dict) else (kept,)
        outer: object = getattr(owner, "_b_base_", None)
        if outer is not None:
            return outer
        return next((view for view in views if isinstance(view, memoryview)), None)
    # Any base, not only an array's: as_strided puts an object of its own between two.
    return getattr(owner, "base", None)
