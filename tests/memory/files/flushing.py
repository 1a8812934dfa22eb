"""What reaches the disk, in which order: a record of the calls that decide about it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock


@contextlib.contextmanager
def recorded() -> Iterator[list[tuple[str, Path]]]:
    """Return a list of what is flushed, renamed into place, and removed; it grows as that happens.

    A file that is renamed later goes by the name that it gets.
    """
    steps: list[tuple[str, Path]] = []
    flush, rename, remove = os.fsync, Path.replace, Path.unlink

    def flushed(descriptor: int) -> None:
        steps.append(("flush", Path(f"/proc/self/fd/{descriptor}").readlink()))
        flush(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        for place, (what, name) in enumerate(steps):
            if name == path:
                steps[place] = what, target
        steps.append(("rename", target))
        return rename(path, target)

    def removed(path: Path, missing_ok: bool = False) -> None:
        steps.append(("remove", path))
        remove(path, missing_ok=missing_ok)

    with (
        mock.patch.object(os, "fsync", flushed),
        mock.patch.object(Path, "replace", renamed),
        mock.patch.object(Path, "unlink", removed),
    ):
        yield steps
