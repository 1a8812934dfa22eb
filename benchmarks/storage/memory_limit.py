"""A control group with a limit of memory, to run a process in as on a smaller machine."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MemoryLimit", "Unlimited", "memory_limit"]

ROOT = Path("/sys/fs/cgroup")


class Unlimited(Exception):
    """No control group can be made here; its message says why."""


@dataclass(frozen=True)
class MemoryLimit:
    """A control group that exists.

    Attributes
    ----------
    folder : Path
        Where the kernel shows it.
    """

    folder: Path

    def enter(self) -> None:
        """Put this process into it."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))


@contextlib.contextmanager
def memory_limit(nbytes: int, root: Path = ROOT) -> Iterator[MemoryLimit]:
    """Make a control group whose processes may have so many bytes together, and remove it.

    Yields
    ------
    MemoryLimit
        For child processes to enter, which must have ended at the end of the block.

    Raises
    ------
    Unlimited
        If this process may make none.
    """
    version_1 = root / "memory"
    parent, name = (
        (version_1, "memory.limit_in_bytes") if version_1.is_dir() else (root, "memory.max")
    )
    folder = parent / f"samebytes-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir()
    except OSError as error:
        message = f"no control group can be made in {parent}: {error.strerror}"
        raise Unlimited(message) from error
    try:
        try:
            (folder / name).write_text(str(nbytes))
        except OSError as error:
            message = f"memory cannot be limited in {parent}: {error.strerror}"
            raise Unlimited(message) from error
        yield MemoryLimit(folder)
    finally:
        folder.rmdir()
