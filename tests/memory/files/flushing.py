"""What reaches the disk, in which order: a record of the calls that decide about it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from unittest import mock


@contextlib.contextmanager
def recorded():
    """Return a list of what is flushed, renamed into place, and removed; it grows as that happens.

    A file that is renamed later goes by the name that it gets.
    """
    steps = []
    flush, rename, remove = os.fsync, Path.replace, Path.unlink

    def flushed(descriptor):
        steps.append(("flush", Path(f"/proc/self/fd/{descriptor}").readlink()))
        flush(descriptor)

    def renamed(path, target):
        for place, (what, name) in enumerate(steps):
            if name == path:
                steps[place] = what, target
        steps.append(("rename", target))
        return rename(path, target)

    def removed(path, missing_ok=False):
        steps.append(("remove", path))
        remove(path, missing_ok=missing_ok)

    with (
        mock.patch.object(os, "fsync", flushed),
        mock.patch.object(Path, "replace", renamed),
        mock.patch.object(Path, "unlink", removed),
    ):
        yield steps
