"""What memory this process holds and the machine still has, as the system counts it."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

__all__ = ["PeakMeter", "anonymous_bytes", "available_bytes"]

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def _field(path: Path, name: str) -> int | None:
    """Return a ``Name: 12 kB`` line of a file of the kernel in bytes, None without one."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    return None


def anonymous_bytes() -> int | None:
    """Return the memory of this process that no file stands behind; None where nobody counts it."""
    return _field(_STATUS, "RssAnon")


def available_bytes() -> int | None:
    """Return the memory that new work may use without swapping; None where nobody says.

    In a container, what its limit leaves, where that is less than what the machine has.
    """
    available = _field(_MEMINFO, "MemAvailable")
    left = _left_in_group(_CGROUP)
    if available is None or left is None:
        return available if left is None else left
    return min(available, left)


def _left_in_group(root: Path) -> int | None:
    """Return what the control group's limit (version 2) leaves, None without a limit."""
    try:
        limit = (root / "memory.max").read_text().strip()
        lines = (root / "memory.stat").read_text().splitlines()
    except OSError:
        return None
    if not limit.isdigit():
        return None
    # Pages of files count too, but the kernel drops them when memory is short.
    used = sum(int(line.split()[1]) for line in lines if line.split()[0] in {"anon", "shmem"})
    return max(0, int(limit) - used)


class PeakMeter:
    """How far the resident memory of this process has risen since the meter was made.

    On Linux the kernel's high-water mark is set back first, so the peak is this stretch's own.
    Elsewhere the mark of the whole process must do, and what stays below an earlier peak
    counts as nothing.
    """

    def __init__(self) -> None:
        self._resets = _reset_peak()
        self._before = self._resident() if self._resets else _lifelong_peak()

    @staticmethod
    def _resident() -> int:
        return _field(_STATUS, "VmRSS") or 0

    def extra_bytes(self) -> int:
        """Return the peak since the meter was made, beyond what was resident then."""
        peak = _field(_STATUS, "VmHWM") if self._resets else _lifelong_peak()
        return max(0, (peak or 0) - self._before)


def _reset_peak() -> bool:
    """Set the kernel's high-water mark to what is resident now, and tell whether it did."""
    try:
        _CLEAR_REFS.write_text("5")
    except OSError:
        return False
    return _field(_STATUS, "VmHWM") is not None


def _lifelong_peak() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
