"""Files as arrays, mapped where that can be: nothing is read until it is touched.

A file a format, and one registry of them, to which `register` adds from outside.
"""

from __future__ import annotations

import operator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from samebytes.errors import UnknownFormat
from samebytes.memory.files.file_format import FileFormat
from samebytes.memory.files.folder_format import FolderFormat
from samebytes.memory.files.mapping import MappedFile, check_mode, map_file, view_of
from samebytes.memory.files.origin import check_unshrunk, mapping_of
from samebytes.memory.files.raw import check_order, open_raw
from samebytes.memory.files.registry import folder_format_of, format_of, names, register

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from typing import SupportsIndex

    import numpy.typing as npt

    from samebytes.memory.files.file_format import Opened
    from samebytes.memory.files.mapping import Mode

__all__ = [
    "FileFormat",
    "FolderFormat",
    "MappedFile",
    "check_unshrunk",
    "map_file",
    "mapping_of",
    "open_file",
    "register",
    "view_of",
]


def open_file(
    path: str | os.PathLike[str],
    dtype: npt.DTypeLike | None = None,
    shape: SupportsIndex | Sequence[SupportsIndex] | None = None,
    *,
    offset: SupportsIndex = 0,
    order: Literal["C", "F"] = "C",
    mode: Mode = "r",
    key: str | None = None,
) -> Opened | dict[str, Opened]:
    """Return the arrays in a file, on its mapped bytes where they can be mapped; never copies.

    Opening takes the same time for any size. With `dtype`, the file is read as raw values;
    otherwise its first bytes, not its name, decide which of the formats in `registry` it has; a
    folder is a store if it has the metadata of one. Those that were added by `register` are among
    them.

    Parameters
    ----------
    path : str or path-like
        A regular file, or a ``.zarr`` store.
    dtype : dtype-like, optional
        For raw files, which do not describe themselves.
    shape : int or sequence of int, optional
        For raw files; one length may be -1. By default, one axis over the rest of the file.
    offset : int
        For raw files: how many bytes to skip at the beginning.
    order : {'C', 'F'}
        For raw files: which axis varies fastest, the last ('C') or the first ('F').
    mode : {'r', 'r+', 'c'}
        As in NumPy: read-only; written through to the file; or copy-on-write, where the array can
        be written and the file stays as it is.
    key : str, optional
        Which array to open in a file of several; all of them by default.

    Returns
    -------
    numpy.ndarray, list of numpy.ndarray, LazyArray, or dict of str to one of these
        A list for an array that lies in several parts, end to end; a `LazyArray` for one in
        chunks. A dict for files of several arrays: ``.npz`` files (by member name without its
        ``.npy``), ``.safetensors`` files, Arrow tables, ``.h5`` files with more than one dataset,
        and ``.zarr`` groups.

    Raises
    ------
    UnknownFormat
        If the format of the file is unknown, or `dtype` and its first bytes disagree.
    WrongSize
        If the file holds fewer or more bytes than it should.
    CompressedMember
        If an array is compressed or encrypted.
    PickledData
        If it holds pickled objects, which are never read.
    FileError
        If the file is damaged, or has no array of that name.
    MissingPackage
        If the format needs a package that is not installed.
    ValueError
        If `mode` is none of the three, if `shape`, `offset` or `order` is given without `dtype`, or
        `key` together with it.
    OSError
        As ``open`` raises it, for example FileNotFoundError or IsADirectoryError.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "images.npy")
    ...     np.save(path, np.ones((2, 3), "float32"))
    ...     images = open_file(path)
    ...     print(images.shape, images.dtype, images.flags.writeable)
    (2, 3) float32 False
    """
    name: object = key
    if name is not None and not isinstance(name, str):
        message = f"key is of type {type(name).__name__}: expected the name of an array, a string."
        raise TypeError(message)
    if dtype is not None:
        if key is not None:
            message = (
                f"key is {key!r}, but dtype= is given too, and a raw file has no names: expected "
                "only one of the two. Leave out the other."
            )
            raise ValueError(message)
        return open_raw(path, dtype, shape, offset=offset, order=order, mode=mode)
    check_order(order)
    folder = folder_format_of(Path(path))
    if folder is not None:
        check_mode(mode)
        _refuse_layout(path, f"a {folder.name} store, whose metadata", shape, offset, order)
        stored = folder.read(Path(path), key)
        return {**stored} if isinstance(stored, dict) else stored
    mapping = map_file(path, mode)
    found = format_of(mapping)
    if found is None:
        message = (
            f"{mapping.path} begins neither as {' nor as '.join(f'.{name}' for name in names())} "
            "files do, so its format is unknown. To open it as raw numbers, pass dtype=, and "
            "shape= for more than one axis: for example dtype='float32', shape=(-1, 28, 28)."
        )
        raise UnknownFormat(message)
    _refuse_layout(mapping.path, f"an .{found.name} file, whose header", shape, offset, order)
    return found.read(mapping, key)


def _refuse_layout(path: object, what: str, shape: Any, offset: Any, order: str) -> None:
    """Refuse the layout of raw values for what describes itself."""
    if shape is not None or operator.index(offset) != 0 or order != "C":
        message = (
            f"{path} is {what} gives the shape and the "
            "offset: expected neither shape= nor offset= nor order=. Leave them out, or add dtype= "
            "to open the file raw."
        )
        raise ValueError(message)
