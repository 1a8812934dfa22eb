"""What is known of the disk that a folder lies on, and how pages of its files leave memory."""

from __future__ import annotations

import os
from pathlib import Path

from samebytes.memory.files.filesystem import filesystem_of

__all__ = ["disk_of", "drop_pages"]

DEVICES = Path("/sys/dev/block")


def disk_of(folder: Path, devices: Path = DEVICES) -> str:
    """Return one line for people: device, file system, and how far the system reads ahead."""
    number = folder.stat().st_dev
    kind = filesystem_of(folder) or "an unknown file system"
    device = devices / f"{os.major(number)}:{os.minor(number)}"
    if not device.exists():
        return kind
    name = device.resolve().name
    queue = next((one for one in (device / "queue", device / "../queue") if one.is_dir()), None)
    if queue is None:
        return f"{name}, {kind}"
    ahead = (queue / "read_ahead_kb").read_text().strip()
    return f"{name}, {kind}, read-ahead of {int(ahead):,} KiB"


def drop_pages(path: Path) -> None:
    """Write what is not written yet, and let the system forget the pages of a file or folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    for each in files:
        file = os.open(each, os.O_RDONLY)
        try:
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(file)
