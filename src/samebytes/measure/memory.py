"""What memory this process holds and the machine still has, as the system counts it."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from samebytes.memory.available import available_memory, field_of

__all__ = ["PeakMeter", "anonymous_bytes", "available_bytes"]

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")


def anonymous_bytes() -> int | None:
    """Return the memory of this process that no file stands behind; None where nobody counts it."""
    return field_of(_STATUS, "RssAnon")


def available_bytes() -> int | None:
    """Return the memory that new work may use without swapping; None where nobody says.

    In a container, what its limit leaves, where that is less than what the machine has.
    """
    return available_memory(swap=False)


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
        return field_of(_STATUS, "VmRSS") or 0

    def extra_bytes(self) -> int:
        """Return the peak since the meter was made, beyond what was resident then."""
        peak = field_of(_STATUS, "VmHWM") if self._resets else _lifelong_peak()
        return max(0, (peak or 0) - self._before)


def _reset_peak() -> bool:
    """Set the kernel's high-water mark to what is resident now, and tell whether it did."""
    try:
        _CLEAR_REFS.write_text("5")
    except OSError:
        return False
    return field_of(_STATUS, "VmHWM") is not None


def _lifelong_peak() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
