"""The formats that files can be opened in, one line each; more can be added from outside.

A format is one file that ends in one call; one of folders is a `FolderFormat` instead::

    from samebytes.memory.files import FileFormat, register, view_of

    def open_be(mapping):
        rows = int.from_bytes(mapping[4:8], "big")
        return view_of(mapping, 8, (rows, 4), np.dtype(">f4"))

    register(FileFormat("be", lambda first, path: first.startswith(b"BE01"), open_be))

Importing that file is enough: from then on, ``sb.open`` opens such files. Raw files have no format:
they do not describe themselves, so ``dtype=`` does.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from samebytes.memory.files.arrow import ARROW
from samebytes.memory.files.file_format import FIRST_BYTES, FileFormat
from samebytes.memory.files.folder_format import FolderFormat
from samebytes.memory.files.hdf5 import HDF5
from samebytes.memory.files.npy import NPY
from samebytes.memory.files.npz import NPZ
from samebytes.memory.files.safetensors import SAFETENSORS
from samebytes.memory.files.zarr import ZARR

if TYPE_CHECKING:
    from pathlib import Path

    from samebytes.memory.files.mapping import MappedFile

__all__ = ["folder_format_of", "format_of", "format_of_bytes", "names", "register"]

_formats: tuple[FileFormat, ...] = (
    NPY,
    NPZ,
    SAFETENSORS,
    ARROW,
    HDF5,
)
_folder_formats: tuple[FolderFormat, ...] = (ZARR,)
_lock = threading.Lock()


def register(file_format: FileFormat | FolderFormat) -> None:
    """Add a format, so that `samebytes.open` opens its files or folders; copies nothing.

    The latest format is asked first, so a format whose files begin like those of another (many
    kinds of archive are zip files) is recognized before it. Registering the same format again, as
    when its module is reloaded, replaces it.

    Parameters
    ----------
    file_format : FileFormat or FolderFormat
        How to recognize the format, and how to read it.

    Raises
    ------
    TypeError
        If it is neither a `FileFormat` nor a `FolderFormat`.
    ValueError
        If another format already has its name.
    """
    global _formats, _folder_formats
    given: object = file_format
    if not isinstance(given, FileFormat | FolderFormat):
        message = (
            f"register was given {type(given).__name__}: expected a FileFormat, "
            "register(FileFormat(name, matches, open)), or a FolderFormat."
        )
        raise TypeError(message)
    with _lock:
        files = tuple(each for each in _formats if _source(each) != _source(file_format))
        folders = tuple(each for each in _folder_formats if _source(each) != _source(file_format))
        taken = [each.name for each in files] + [each.name for each in folders]
        if file_format.name in taken:
            message = (
                f"a file format named .{file_format.name} is already registered: expected a name "
                f"other than {' and '.join(f'.{name}' for name in taken)}. Give it another name."
            )
            raise ValueError(message)
        if isinstance(file_format, FileFormat):
            files = (*files, file_format)
        else:
            folders = (*folders, file_format)
        _formats, _folder_formats = files, folders


def _source(file_format: FileFormat | FolderFormat) -> tuple[str, object, object]:
    """Return what stays the same of a format when the file that adds it is loaded anew."""
    function = file_format.open
    where = getattr(function, "__module__", None), getattr(function, "__qualname__", function)
    return file_format.name, *where


def names() -> tuple[str, ...]:
    """Return the names of all formats of files, in the order in which they came."""
    return tuple(file_format.name for file_format in _formats)


def format_of(mapping: MappedFile) -> FileFormat | None:
    """Return the format of a file, by its first bytes or its path; it never copies the data.

    Parameters
    ----------
    mapping : MappedFile
        The file.

    Returns
    -------
    FileFormat or None
        None when no format recognises it.
    """
    return _recognising(mapping[:FIRST_BYTES], mapping.path)


def format_of_bytes(first: bytes, path: Path) -> str | None:
    """Return the name of the format of a file that is not mapped, None when none recognises it.

    Parameters
    ----------
    first : bytes
        The first bytes of the file.
    path : Path
        Its name.
    """
    found = _recognising(first[:FIRST_BYTES], path)
    return None if found is None else found.name


def _recognising(first: bytes, path: Path) -> FileFormat | None:
    for file_format in reversed(_formats):
        if file_format.recognises(first, path):
            return file_format
    return None


def folder_format_of(path: Path) -> FolderFormat | None:
    """Return the format of what lies at a path if it is stored in many files, else None."""
    return next((each for each in reversed(_folder_formats) if each.recognises(path)), None)
