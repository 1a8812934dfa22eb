"""Arrays in chunks for the tests: stores of every kind on disk, and sources that count."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

from samebytes.memory.lazy import ByteSource, ChunkSource, LazyArray

__all__ = ["KINDS", "CountedBytes", "CountedChunks", "lazy", "rows_of", "write", "zarr_or_skip"]

Array = npt.NDArray[Any]

KINDS = ("zarr2", "zarr3", "sharded", "zip", "h5", "gzip")
"""How chunks can be stored: `write` makes each."""


def zarr_or_skip() -> Any:
    """Return zarr, which is installed with the tests wherever it can be."""
    version = tuple(sys.version_info[:2])
    if version < (3, 11):
        pytest.skip("zarr 3 needs Python 3.11", allow_module_level=True)
    return importlib.import_module("zarr")


def write(path: Path, kind: str, values: Array, chunks: Sequence[int]) -> Path:
    """Write an array in chunks, and return the path that it can be opened by."""
    if kind in ("h5", "gzip"):
        whole = path.with_suffix(".h5")
        with h5py.File(whole, "w") as file:
            compression = "gzip" if kind == "gzip" else None
            file.create_dataset("x", data=values, chunks=tuple(chunks), compression=compression)
        return whole
    zarr = zarr_or_skip()
    given: dict[str, Any] = {"data": values, "chunks": tuple(chunks), "overwrite": True}
    given["zarr_format"] = 2 if kind == "zarr2" else 3
    if kind == "sharded":
        given["shards"] = tuple(2 * length for length in chunks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # records and strings have no final specification
        if kind != "zip":
            zarr.create_array(path.with_suffix(".zarr"), **given)
            return path.with_suffix(".zarr")
        whole = path.with_suffix(".zarr.zip")
        with contextlib.closing(zarr.storage.ZipStore(whole, mode="w")) as store:
            zarr.create_array(store, **{**given, "overwrite": False})
    return whole


class CountedChunks(ChunkSource):
    """Chunks of an array in memory, which counts how often each box was asked for."""

    def __init__(self, values: Array, chunks: Sequence[int], seconds: float = 0) -> None:
        self.name = "counted"
        self.values, self.shape, self.dtype = values, values.shape, values.dtype
        self.chunks = tuple(chunks)
        self.boxes: Counter[tuple[tuple[int, ...], tuple[int, ...]]] = Counter()
        self.releases = 0
        self.before: Callable[[], object] = lambda: None
        self._seconds = seconds
        self._lock = threading.Lock()

    def read_box(self, starts: Sequence[int], stops: Sequence[int]) -> Array:
        """Return a box, and count it."""
        with self._lock:
            self.boxes[tuple(starts), tuple(stops)] += 1
        self.before()
        time.sleep(self._seconds)
        where = tuple(slice(*each) for each in zip(starts, stops, strict=True))
        found: Array = self.values[where].copy()
        return found

    def release(self) -> None:
        """Count it."""
        self.releases += 1

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to this process."""
        return {name: each for name, each in vars(self).items() if name not in ("_lock", "before")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin to count anew where it stopped."""
        vars(self).update(state, _lock=threading.Lock(), before=lambda: None)


class CountedBytes(ByteSource):
    """Bytes of an array in memory, which counts those that were asked for."""

    def __init__(self, values: Array, order: str = "C") -> None:
        self.name = "counted"
        self.content = values.tobytes(order)  # type: ignore[arg-type]
        self.ranges: list[tuple[int, int]] = []

    def read(self, starts: Any, targets: Any, sizes: Any) -> None:
        """Copy ranges, and note them."""
        import ctypes

        for start, target, size in zip(
            starts.tolist(), targets.tolist(), sizes.tolist(), strict=True
        ):
            assert 0 <= start <= start + size <= len(self.content)
            self.ranges.append((start, size))
            ctypes.memmove(target, self.content[start : start + size], size)


def lazy(
    values: Array, chunks: Sequence[int], seconds: float = 0
) -> tuple[LazyArray, CountedChunks]:
    """Return a lazy array of what is in memory, and its source."""
    source = CountedChunks(values, chunks, seconds)
    return LazyArray(source, source.shape, source.dtype), source


def rows_of(count: int, *row: int, dtype: Any = np.uint8) -> Array:
    """Return rows of which no two neighbours are alike."""
    size = int(np.prod((count, *row)))
    return (np.arange(size) * 7919 % 251).astype(dtype).reshape(count, *row)
