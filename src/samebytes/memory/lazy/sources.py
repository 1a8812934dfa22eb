"""Where the values of a lazy array come from: ranges of bytes, or chunks that are decoded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

__all__ = ["ByteSource", "ChunkSource", "Source", "decoded"]

Addresses = npt.NDArray[np.int64]


class Source(ABC):
    """What a lazy array is read from, from any thread.

    It can be pickled, and finds its file or URL again where it is unpickled.

    Attributes
    ----------
    name : str
        The file or URL, for errors.
    threads : int
        How many threads that read at a time keep it busy.
    """

    name: str
    threads: ClassVar[int] = 8

    def release(self) -> None:  # noqa: B027 (most hold nothing between two runs)
        """Let go of what is kept for a run, when the last run is over; may be called twice."""


class ByteSource(Source):
    """Bytes of an array that lie end to end, in the order of the array.

    Attributes
    ----------
    gap_bytes : int
        Ranges that lie at most so far apart are read as one.
    task_bytes : int
        Bytes that are read by one call, about.
    """

    gap_bytes: ClassVar[int] = 16 << 10
    task_bytes: ClassVar[int] = 1 << 20

    @property
    def has_buffers(self) -> bool:
        """Whether what comes is in memory of its own, which `fetch` returns without a copy."""
        return False

    def fetch(self, starts: Addresses, sizes: Addresses) -> list[Any]:
        """Return ranges as buffers, all of each, or raise an error that names the file.

        Called instead of `read`, for ranges of `task_bytes` at most, where `has_buffers` says so.
        """
        raise NotImplementedError

    @abstractmethod
    def read(self, starts: Addresses, targets: Addresses, sizes: Addresses) -> None:
        """Read ranges into memory, all of each, or raise an error that names the file.

        Parameters
        ----------
        starts : ndarray of int64
            First byte of each range, counted from the first byte of the array; sorted.
        targets : ndarray of int64
            The address that it is read to.
        sizes : ndarray of int64
            How many bytes.
        """


class ChunkSource(Source):
    """An array that is stored in chunks of one shape, each decoded as a whole.

    Attributes
    ----------
    shape : tuple of int
        Of the array.
    dtype : numpy.dtype
        Of the array.
    chunks : tuple of int
        Shape of a chunk; those at the borders may be smaller.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...]

    @abstractmethod
    def read_box(self, starts: Sequence[int], stops: Sequence[int]) -> npt.NDArray[Any]:
        """Return the values of a box, row-major; decodes each chunk that it touches once.

        Parameters
        ----------
        starts, stops : sequence of int
            For each axis the first place, and the one behind the last.
        """


def decoded(source: ChunkSource, starts: Sequence[int], stops: Sequence[int]) -> npt.NDArray[Any]:
    """Return the values of a box in one piece, and of the source's dtype, or refuse what came.

    Raises
    ------
    TypeError
        If the source returned another shape or dtype than it has.
    """
    given: Any = source.read_box(starts, stops)
    shape = tuple(stop - start for start, stop in zip(starts, stops, strict=True))
    found = np.asarray(given) if isinstance(given, np.ndarray | np.generic) else None
    if found is None or found.shape != shape or _native(found.dtype) != _native(source.dtype):
        came = type(given).__name__ if found is None else f"{found.dtype} {found.shape}"
        message = (
            f"read_box of {type(source).__name__} returned {came} for {source.name}: expected "
            f"{source.dtype} {shape}, which is what lies from {tuple(starts)} to {tuple(stops)}."
        )
        raise TypeError(message)
    return np.asarray(found, source.dtype, order="C")


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    found: np.dtype[Any] = dtype.newbyteorder("=")
    return found
