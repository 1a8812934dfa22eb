"""A mapped file that knows its path, and arrays that are views of it.

Mapping costs the same for any file size: pages are read when they are touched. The price
is that a page which no longer exists, because the file was cut short in the meantime,
ends the process with SIGBUS when it is touched; `check_unshrunk` asks beforehand, also for
files that NumPy mapped.
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
from samebytes.memory.files.wording import bytes_in_words

if TYPE_CHECKING:
    import numpy.typing as npt

    Mode = Literal["r", "r+", "c"]

__all__ = ["MappedFile", "check_mode", "check_unshrunk", "map_file", "mapping_of", "view_of"]

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
    """

    path: Path
    identity: tuple[int, int]


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
    """Give a whole file as memory; it never copies.

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
        As ``open`` raises it, for example FileNotFoundError or IsADirectoryError.

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
    with path.open("r+b" if mode == "r+" else "rb") as file:
        found = os.fstat(file.fileno())
        if found.st_size == 0:
            message = (
                f"{path} is empty (0 bytes), and no empty file can be mapped: expected at "
                "least 1 byte. See whether it was written to the end."
            )
            raise WrongSize(message)
        mapping = MappedFile(file.fileno(), 0, access=_ACCESS[mode])
    mapping.path = path
    mapping.identity = found.st_dev, found.st_ino
    return mapping


def view_of(
    mapping: MappedFile,
    start: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    order: Literal["C", "F"] = "C",
) -> npt.NDArray[Any]:
    """Give an array on the bytes of a mapping from `start` on; it never copies.

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


def mapping_of(array: object) -> MappedFile | None:
    """Give the mapping whose bytes an array shows, or None; it never copies.

    Parameters
    ----------
    array : object
        Usually an array, or a memoryview of one.

    Returns
    -------
    MappedFile or None
        None for every array that is no view of a `MappedFile`.
    """
    mapping, _ = _origin(array)
    return mapping if isinstance(mapping, MappedFile) else None


def check_unshrunk(array: object) -> None:
    """Refuse an array whose file has been cut short since; it never copies.

    Costs about a microsecond, so it can be asked before every batch. Nothing happens unless the
    array is a view of a mapped file: ours, that of an ``np.memmap`` (``np.load`` with
    ``mmap_mode`` gives one) or of an ``mmap.mmap``. The last does not tell where in its file it
    begins, and counts as beginning with it.

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
    mapping, known = _origin(array)
    if mapping is None:
        return
    if mapping.closed:
        message = (
            f"{_name(mapping, known)} was closed while an array shows its bytes, and reading them "
            "would end the process. Open it again, and close it after the last use."
        )
        raise FileError(message)
    found = _size_now(mapping)
    if found is None:
        return
    expected = len(mapping)
    if known is not None and known.offset is not None:
        expected = known.offset + known.nbytes
    # A device is 0 bytes long for those who ask, and so is a file that is written anew.
    if found < expected and (found or not _is_there(mapping)):
        least = "" if isinstance(mapping, MappedFile) else "at least "
        message = (
            f"{_name(mapping, known)} was cut short while it was mapped: expected "
            f"{least}{bytes_in_words(expected)}, found {bytes_in_words(found)}. Reading on would "
            "end the process. Open it again, and let writers write to another file and rename it."
        )
        raise WrongSize(message)


def _origin(array: object) -> tuple[mmap.mmap | None, np.memmap[Any, Any] | None]:
    """Give the mapping whose bytes an array shows, and the memmap on it, which knows its place."""
    owner, known = array, None
    while owner is not None:
        if isinstance(owner, mmap.mmap):
            return owner, known
        if isinstance(owner, np.memmap):
            known = owner
        # Any base, not only an array's: as_strided puts an object of its own between two.
        owner = owner.obj if isinstance(owner, memoryview) else getattr(owner, "base", None)
    return None, None


def _name(mapping: mmap.mmap, known: np.memmap[Any, Any] | None) -> str:
    """Give the file's name for an error."""
    if isinstance(mapping, MappedFile):
        return str(mapping.path)
    if known is not None and known.filename is not None:
        return str(known.filename)
    return "A mapped file, whose name is not known here,"


def _size_now(mapping: mmap.mmap) -> int | None:
    """Give the size of a mapping's file as it is now, or None where there is none to ask."""
    try:
        return mapping.size()
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
        return None  # memory without a file
    except ValueError:
        return None  # made with trackfd=False: it let go of its file


def _is_there(mapping: mmap.mmap) -> bool:
    """Tell whether the first page of a mapping exists, without touching it."""
    reader, writer = os.pipe()
    try:
        # Here the kernel reads the byte, and says EFAULT where our own reading would be fatal.
        os.write(writer, memoryview(mapping)[:1])
    except OSError as error:
        if error.errno != errno.EFAULT:
            raise
        return False
    finally:
        os.close(reader)
        os.close(writer)
    return True
