"""A mapped file that knows its path, and arrays that are views of it.

Mapping costs the same for any file size: pages are read when they are touched. The price
is that a page which no longer exists, because the file was cut short in the meantime,
ends the process with SIGBUS when it is touched; see `samebytes.memory.files.hold`.
"""

from __future__ import annotations

import errno
import mmap
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from samebytes.errors import FileError, WrongSize

if TYPE_CHECKING:
    import numpy.typing as npt

    Mode = Literal["r", "r+", "c"]

__all__ = ["MappedFile", "check_mode", "map_file", "view_of"]

_ACCESS = {"r": mmap.ACCESS_READ, "r+": mmap.ACCESS_WRITE, "c": mmap.ACCESS_COPY}


class MappedFile(mmap.mmap):
    """A whole file as memory, never a copy of it; `map_file` makes one.

    Its own descriptor stays open, so `size` always tells the size of the file as it is
    now, and ``len`` the size it had when it was mapped.

    Attributes
    ----------
    path : pathlib.Path
        The file, as it was named when it was opened.
    identity : tuple of int
        Device and number of the file: another one at the same path has others.
    is_private : bool
        Whether what is written to it stays in memory, so that the file may say something else.
    """

    path: Path
    identity: tuple[int, int]
    is_private: bool


def check_mode(mode: str) -> None:
    """Refuse every mode but the three in which a file can be mapped; copies nothing.

    Parameters
    ----------
    mode : str
        What a caller passed.

    Raises
    ------
    ValueError
        If `mode` is none of the three.
    """
    if mode not in _ACCESS:
        message = (
            f"mode is {mode!r}: expected 'r' (read-only), 'r+' (writes reach the file) "
            "or 'c' (copy-on-write, the file stays as it is)."
        )
        raise ValueError(message)


def map_file(path: str | os.PathLike[str], mode: Mode = "r") -> MappedFile:
    """Return a whole file as memory; it never copies.

    Parameters
    ----------
    path : str or path-like
        A regular file of at least one byte.
    mode : {'r', 'r+', 'c'}
        Read-only; written through to the file; or writable with the file left as it is.

    Returns
    -------
    MappedFile
        From the first byte of the file to its last.

    Raises
    ------
    ValueError
        If `mode` is none of the three.
    WrongSize
        If the file is empty: there is nothing to map.
    FileError
        If it is a pipe or a device.
    OSError
        As ``open`` raises it, for example FileNotFoundError or IsADirectoryError; with advice if
        the process has reached its limit of open files.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "five.bin")
    ...     _ = path.write_bytes(b"bytes")
    ...     with map_file(path) as mapping:
    ...         print(len(mapping), mapping[:4], mapping.path.name)
    5 b'byte' five.bin
    """
    check_mode(mode)
    path = Path(path)
    kind = path.stat().st_mode
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        # Asked before opening, because opening a pipe waits for its other end.
        message = (
            f"{path} is a pipe or a device: expected a regular file, whose bytes can be mapped."
        )
        raise FileError(message)
    try:
        with path.open("r+b" if mode == "r+" else "rb") as file:
            found = os.fstat(file.fileno())
            if found.st_size == 0:
                message = (
                    f"{path} is empty (0 bytes), and an empty file cannot be mapped: expected at "
                    "least 1 byte. Check that it was written completely."
                )
                raise WrongSize(message)
            mapping = MappedFile(file.fileno(), 0, access=_ACCESS[mode])
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        message = (
            "this process has reached its limit of open files, and each mapped file keeps one "
            "open. Raise the limit first, with ulimit -n 65536 in the shell or "
            "resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536)), or open fewer, larger "
            "files"
        )
        raise OSError(error.errno, message, str(path)) from error
    mapping.path = path
    mapping.identity = found.st_dev, found.st_ino
    mapping.is_private = mode == "c"
    return mapping


def view_of(
    mapping: MappedFile,
    start: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    order: Literal["C", "F"] = "C",
) -> npt.NDArray[Any]:
    """Return an array on the bytes of a mapping from `start` on; it never copies.

    Parameters
    ----------
    mapping : MappedFile
        Kept alive and open by the array.
    start : int
        Offset of the first element in the file, in bytes.
    shape : tuple of int
        Shape of the array.
    dtype : numpy.dtype
        Its dtype, without object fields.
    order : {'C', 'F'}
        Which axis varies fastest.

    Returns
    -------
    numpy.ndarray
        Writable unless the mapping is read-only; unaligned where `start` is.

    Raises
    ------
    ValueError
        As NumPy raises it, when the array would not fit or cannot exist.
    """
    # Through frombuffer: it holds the buffer, so closing the mapping under a living array
    # is refused, whereas ndarray(buffer=mapping) would be left on memory that is gone.
    every_byte = np.frombuffer(mapping, np.uint8)
    view: npt.NDArray[Any] = np.ndarray(shape, dtype, every_byte, start, order=order)
    return view
