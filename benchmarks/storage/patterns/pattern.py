"""What every pattern is."""

from __future__ import annotations

import contextlib
import http.client
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

import samebytes as sb
from benchmarks.peers.jobs.job import require
from benchmarks.storage.content import bytes_at, offset_of

__all__ = ["HEADER", "ArrayPattern", "Blocks", "Pattern", "check_shuffled", "shuffled"]

HEADER = 128
"""Bytes before the values of a ``.npy`` file."""

DRAWN_TWICE = 0.01
"""Share of the first samples that may have come before."""

Array = npt.NDArray[Any]
Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Blocks:
    """How neighbours are kept together in a shuffle.

    Attributes
    ----------
    size : int
        Samples of a block.
    nbytes : int
        Bytes of the source that a block takes.
    share : int
        Of the memory, a window of blocks takes at most one in so many bytes.
    """

    size: int
    nbytes: int
    share: int = 8

    def window(self, memory_bytes: int) -> int:
        """Return how many blocks are mixed: 2 at least, 64 at most."""
        return max(2, min(64, memory_bytes // self.share // self.nbytes))


def shuffled(dataset: sb.Dataset, blocks: Blocks | None, memory_bytes: int) -> sb.Dataset:
    """Return the samples in a random order, in blocks where there are some."""
    if blocks is None:
        return dataset.shuffle(seed=1)
    return dataset.shuffle(seed=1, block_size=blocks.size, window=blocks.window(memory_bytes))


class Pattern(ABC):
    """What is asked of a source.

    Attributes
    ----------
    unit : str
        What a sample is, in the plural.
    batch : int
        Samples of a batch.
    sample_bytes : int
        Bytes of the source that a sample needs.
    """

    unit: ClassVar[str]
    batch: int
    sample_bytes: int

    @abstractmethod
    def dataset(self, source: str, memory_bytes: int) -> sb.Dataset:
        """Return what feeds it, with this library."""

    @abstractmethod
    def check(self, batches: list[Any], source: str) -> None:
        """Look at the first batches of an epoch.

        Raises
        ------
        WrongBatchError
            If a byte of them is wrong, or they are in the wrong order.
        """

    def size(self, batch: Any) -> int:
        """Return how many samples a batch has."""
        return len(batch)


class ArrayPattern(Pattern):
    """What is asked of a file whose values lie in one piece.

    Attributes
    ----------
    shape : tuple of int
        Of a sample.
    dtype : str
        Of its values.
    row : tuple of int
        Shape of what an index of the file's array selects.
    """

    shape: tuple[int, ...]
    dtype: str
    row: tuple[int, ...]

    def open(self, path: str) -> sb.Array:
        """Return the array that the file is, mapped by this library."""
        return sb.open(path, self.dtype, (-1, *self.row), offset=HEADER)

    def mapped(self, path: str) -> Array:
        """Return the array that the file is, mapped as NumPy does it."""
        values = np.load(path, mmap_mode="r").reshape(-1).view(self.dtype)
        width = math.prod(self.row)
        return np.asarray(values[: len(values) // width * width].reshape(-1, *self.row))

    @abstractmethod
    def count(self, rows: int) -> int:
        """Return how many samples there are in a file of so many rows."""

    @abstractmethod
    def sample(self, array: Array, number: int) -> Array:
        """Return a sample, a view of the array that the file is."""

    @abstractmethod
    def offsets(self, nbytes: int) -> Iterator[Offsets]:
        """Yield where samples begin in a file of so many bytes, some at a time, without an end.

        Each sample is one range of `sample_bytes`, in the order that the pattern has.
        """

    def order(self, count: int) -> Iterator[int]:
        """Yield the numbers of samples, for those who have no shuffle of their own."""
        numbers = np.random.default_rng(2)
        while True:
            yield from numbers.permutation(count).tolist()

    def check(self, batches: list[Any], source: str) -> None:
        """Look at the first batches of an epoch: where each sample is from, and in what order."""
        nbytes = values_of(source)
        places = [[self.place(sample, nbytes) for sample in batch] for batch in batches]
        self.check_order([place for batch in places for place in batch])

    def check_order(self, places: list[int]) -> None:
        """Refuse an order that is not the pattern's."""
        check_shuffled(places)

    def place(self, sample: Array, nbytes: int) -> int:
        """Return where a sample begins, all of whose bytes lie end to end."""
        require(sample.shape == self.shape, f"expected the shape {self.shape}, got {sample.shape}")
        flat = np.ascontiguousarray(sample).reshape(-1).view(np.uint8)
        place = offset_of(flat[:64], nbytes)
        right = np.array_equal(bytes_at(np.array([place]), len(flat))[0], flat)
        require(right, f"wrong bytes in the sample at byte {place:,}")
        return place


def values_of(source: str) -> int:
    """Return how many bytes the values of a ``.npy`` file take, which may be behind a URL."""
    url = urlsplit(source)
    if url.scheme != "http":
        return Path(source).stat().st_size - HEADER
    with contextlib.closing(http.client.HTTPConnection(url.netloc)) as server:
        server.request("HEAD", url.path)
        return int(server.getresponse().headers["Content-Length"]) - HEADER


def check_shuffled(places: list[int]) -> None:
    """Refuse samples that come again and again, or in the order of the file."""
    # Those who draw with replacement may draw one twice.
    often = len(places) - len(set(places))
    require(often <= len(places) * DRAWN_TWICE, f"expected fresh samples, got {often} twice")
    steps = np.diff(places)
    require((steps < 0).any() and (steps > 0).any(), "expected shuffled samples, got them in order")
