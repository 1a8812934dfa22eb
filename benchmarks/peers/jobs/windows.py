"""Sliding windows over a series, with the value that follows each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from benchmarks.peers.jobs.job import Job, Places, require

__all__ = ["Windows"]

_MARK = 1
"""The column that holds the number of the row."""


@dataclass(frozen=True)
class Windows(Job):
    """Windows of a float32 series, shuffled, each with column 0 of the row that follows it.

    Attributes
    ----------
    rows, features, length, batch : int
        Of the series, of a row, rows of a window, windows in a batch.
    """

    rows: int = 400_000
    features: int = 16
    length: int = 168
    batch: int = 256

    key: ClassVar[str] = "windows"
    unit: ClassVar[str] = "windows"

    @property
    def title(self) -> str:
        """Return one sentence for people."""
        return (
            f"Windows of {self.length}x{self.features} float32 from {self.rows:,} rows in a "
            f"mapped file, each with the value that follows, shuffled, batch {self.batch}"
        )

    @property
    def item_bytes(self) -> int:
        """Return the bytes of a window and its target."""
        return (self.length * self.features + 1) * 4

    @property
    def batch_items(self) -> int:
        """Return how many windows a batch holds."""
        return self.batch

    @property
    def source_bytes(self) -> int:
        """Return the bytes of the series."""
        return self.rows * self.features * 4

    @property
    def count(self) -> int:
        """Return how many windows have a row behind them."""
        return self.rows - self.length

    def path(self, folder: Path) -> Path:
        """Return where the series lies."""
        return folder / "series.npy"

    def series(self, folder: Path) -> npt.NDArray[Any]:
        """Return the series, mapped, as anyone would without this library."""
        return np.asarray(np.load(self.path(folder), mmap_mode="r"))

    def write(self, folder: Path) -> None:
        """Write noise, beside a column that counts the rows, which float32 does up to 2**24."""
        series = np.random.default_rng(0).random((self.rows, self.features), np.float32)
        series[:, _MARK] = np.arange(self.rows)
        np.save(self.path(folder), series)

    def items(self, batch: Any) -> int:
        """Return how many windows `batch` holds."""
        return int(batch[1].shape[0])

    def places(self, batch: Any, folder: Path) -> Places:
        """Return the row at which each window begins."""
        require(len(batch) == 2, f"expected windows and targets, got {len(batch)} parts")
        windows, targets = map(np.asarray, batch)
        expected = (self.batch, self.length, self.features)
        require(windows.shape == expected, f"expected {expected}, got {windows.shape}")
        require(targets.size == self.batch, f"expected {self.batch} targets, got {targets.shape}")
        kinds = {windows.dtype.name, targets.dtype.name}
        require(kinds == {"float32"}, f"expected float32, got {' and '.join(sorted(kinds))}")
        series = self.series(folder)
        starts = windows[:, 0, _MARK].astype(np.int64)
        inside = (starts >= 0) & (starts < self.count)
        require(inside.all(), "a window that begins in no row of the series")
        rows = starts[:, np.newaxis] + np.arange(self.length)
        require(np.array_equal(windows, series[rows]), "a window that is not in the series")
        follows = series[starts + self.length, 0]
        require(np.array_equal(targets.ravel(), follows), "a target that does not follow")
        return starts
