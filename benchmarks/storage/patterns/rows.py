"""Runs of neighbouring rows: windows of a series, and contexts of tokens."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

import samebytes as sb
from benchmarks.storage.patterns.pattern import Array, ArrayPattern, Blocks, Offsets, shuffled

__all__ = ["BLOCK_BYTES", "Tokens", "Windows"]

BLOCK_BYTES = 2 << 20
"""Bytes of a block of samples that stay together, about."""


class _Runs(ArrayPattern):
    """Runs of rows that may begin at any row; in blocks, each behind the one before.

    In blocks, runs do not overlap, so that an epoch needs each byte of the file once.

    Parameters
    ----------
    blocks : bool
        Whether neighbours stay together in the shuffle.
    """

    length: ClassVar[int]

    def __init__(self, *, blocks: bool = False) -> None:
        self.shape = (self.length, *self.row)
        self.row_bytes = np.dtype(self.dtype).itemsize * math.prod(self.row)
        self.sample_bytes = self.length * self.row_bytes
        size = BLOCK_BYTES // self.sample_bytes
        self.blocks = Blocks(size, size * self.sample_bytes) if blocks else None

    def dataset(self, source: str, memory_bytes: int) -> sb.Dataset:
        """Return what feeds it, with this library."""
        rows = sb.Dataset.from_tensor_slices(self.open(source))
        stride = 1 if self.blocks is None else self.length
        windows = rows.window(self.length, stride)
        return shuffled(windows, self.blocks, memory_bytes).batch(self.batch)

    def count(self, rows: int) -> int:
        """Return how many runs begin in so many rows."""
        return rows - self.length + 1

    def sample(self, array: Array, number: int) -> Array:
        """Return a run of rows."""
        return array[number : number + self.length]

    def offsets(self, nbytes: int) -> Iterator[Offsets]:
        """Yield where runs begin, at any row."""
        numbers = np.random.default_rng(1)
        count = self.count(nbytes // self.row_bytes)
        while True:
            yield numbers.integers(0, count, 1024) * self.row_bytes

    def order(self, count: int) -> Iterator[int]:
        """Yield where runs begin; drawn, as a permutation of so many would not fit in memory."""
        numbers = np.random.default_rng(2)
        while True:
            yield from numbers.choice(count, min(4096, count), replace=False).tolist()


class Windows(_Runs):
    """Windows of 168 steps of 16 features."""

    unit: ClassVar[str] = "windows"
    length = 168
    batch = 1024
    dtype = "float32"
    row = (16,)


class Tokens(_Runs):
    """Contexts of 1024 tokens of two bytes, 64 in a batch."""

    unit: ClassVar[str] = "contexts"
    length = 1024
    batch = 64
    dtype = "uint16"
    row = ()
