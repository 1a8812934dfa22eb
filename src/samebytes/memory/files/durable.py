"""Files that are there whole or not at all, whatever ends the process or the machine."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path

__all__ = ["flush_folder", "write_durably"]

# What file systems say whose folders cannot be flushed; they promise nothing then.
_NEVER_FLUSHED = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}


def write_durably(path: Path, write: Callable[[Path], object]) -> None:
    """Put a file at `path` at once: after a power cut there is the new one or what was before.

    The name counts only when the bytes have reached the disk, and this returns only when the
    name has.

    Parameters
    ----------
    path : Path
        Where; what is there is replaced. A link is replaced, and never followed.
    write : callable
        Writes the file at the path it is given: in the same folder, with a name that ends as
        that of `path` does.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "numbers.txt")
    ...     write_durably(path, lambda part: part.write_text("1 2 3"))
    ...     path.read_text(), len(list(Path(folder).iterdir()))
    ('1 2 3', 1)
    """
    part = path.with_name(f".{secrets.token_hex(8)}.{path.name}")
    try:
        write(part)
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """See to it that the names in a folder have reached the disk."""
    if os.name == "nt":
        return  # which opens no folders, and keeps names by a journal
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as refused:
        if refused.errno not in _NEVER_FLUSHED:
            raise
    finally:
        os.close(descriptor)
