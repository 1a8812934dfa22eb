"""The file of a copy while it is made: its header, plain reads and writes, and a lock."""

from __future__ import annotations

import io
import os
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.errors import FileError
from samebytes.memory.text import dtype_in_words

__all__ = ["header_of", "is_locked", "read_at", "write_at"]

Bytes = npt.NDArray[np.uint8]


def header_of(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return what a ``.npy`` file of rows side by side begins with."""
    facts = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    for write in (np.lib.format.write_array_header_1_0, np.lib.format.write_array_header_2_0):
        text = io.BytesIO()
        try:
            write(text, facts)
        except ValueError:  # longer than the first version can have
            continue
        return text.getvalue()
    message = f"the dtype {dtype_in_words(dtype)} is too long for the header of a .npy file"
    raise ValueError(message)


def write_at(file: FileIO, place: int, rows: Bytes) -> None:
    """Write all bytes of rows."""
    file.seek(place)
    left = memoryview(rows.reshape(-1))  # type: ignore[arg-type]
    while left:
        left = left[file.write(left) :]


def read_at(file: FileIO, place: int, out: Bytes, path: Path) -> None:
    """Read into all of `out`."""
    file.seek(place)
    wanted = memoryview(out.reshape(-1))  # type: ignore[arg-type]
    while wanted:
        count = file.readinto(wanted)
        if not count:
            message = f"{path} was cut short while it was made; run it again"
            raise FileError(message)
        wanted = wanted[count:]


def is_locked(file: FileIO, path: Path) -> bool:
    """Return whether nobody else writes the file at `path`; so it stays until it is closed."""
    try:
        import fcntl
    except ImportError:  # Windows, where a file that is open cannot be renamed over
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    # Whoever wrote it may have finished meanwhile: then it has its own name, and is not ours.
    return path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno()))
