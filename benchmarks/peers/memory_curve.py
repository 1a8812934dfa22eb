"""The memory of a contender over time, thinned as it grows long."""

from __future__ import annotations

__all__ = ["MemoryCurve"]

_POINTS = 200


class MemoryCurve:
    """What a contender holds beyond what it held at the beginning, over the time it ran.

    The time in which it was stopped is left out. The peak is that of all that was seen, also of
    what the thinned curve does not show.
    """

    def __init__(self) -> None:
        self.peak = 0
        self._base = 0
        self._before = 0.0
        self._points: list[tuple[float, int]] = []
        self._apart = 0.0

    def begin(self, nbytes: int) -> None:
        """Take `nbytes` as what it held before it opened the data."""
        self._base = nbytes

    def add(self, seconds: float, nbytes: int) -> None:
        """Note `nbytes`, `seconds` after it went on."""
        beyond, now = max(0, nbytes - self._base), self._before + seconds
        self.peak = max(self.peak, beyond)
        if self._points and now - self._points[-1][0] < self._apart:
            return
        self._points.append((round(now, 3), beyond))
        if len(self._points) > _POINTS:
            self._points = self._points[::2]
            self._apart = 2 * now / _POINTS

    def pause(self, seconds: float) -> None:
        """Note that it was stopped, `seconds` after it went on."""
        self._before += seconds

    @property
    def points(self) -> tuple[tuple[float, int], ...]:
        """Return seconds and bytes."""
        return tuple(self._points)
