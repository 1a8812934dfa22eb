"""Parts of files that are brought as wholes, and kept while others of their bytes are needed."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from samebytes.engine.kernels.storage import copy_ranges
from samebytes.engine.readers.chunk_cache import ChunkCache
from samebytes.engine.readers.fetcher import Fetcher, Found, Task
from samebytes.memory.addresses import address_of

__all__ = ["KeptFetcher", "Pieces", "Span"]

Indices = npt.NDArray[np.int64]


class Span(NamedTuple):
    """Where the chunks of a region would lie in it, if each has the bytes of a run of it.

    Attributes
    ----------
    first : int
        Address of the first one.
    stride : int
        Bytes from one to the next.
    reach : int
        Bytes that each has, of the next ones too; the last may have fewer.
    """

    first: int
    stride: int
    reach: int


class Pieces(NamedTuple):
    """Parts of ranges, each of which lies in one chunk, in one run.

    Attributes
    ----------
    chunks : ndarray of int64
        Number of the chunk.
    offsets : ndarray of int64
        Where in the chunk it begins, in bytes.
    targets, sizes : ndarray of int64
        Where it goes, and its bytes.
    """

    chunks: Indices
    offsets: Indices
    targets: Indices
    sizes: Indices


class KeptFetcher(Fetcher):
    """Brings the chunks that ranges lie in, each once while it is kept, and copies from them.

    Parameters
    ----------
    chunks : ChunkCache
        Where they are kept.
    nbytes : int
        Bytes of a chunk, about.
    """

    gap_bytes = 0

    def __init__(self, chunks: ChunkCache, nbytes: int) -> None:
        self._chunks = chunks
        self._nbytes = nbytes

    @property
    @abstractmethod
    def span(self) -> Span | None:
        """Where chunks would lie; None where a chunk is no run of bytes."""

    def numbers_of(self, starts: Indices, stops: Indices) -> Indices | None:
        """Return which chunk each range lies in, None if one of them lies in none as a whole."""
        if self.span is None:
            return None
        numbers = (starts - self.span.first) // self.span.stride
        ends = self.span.first + numbers * self.span.stride + self.span.reach
        return numbers if (stops <= ends).all() else None

    def reserve(self, numbers: list[int]) -> list[Hashable] | None:
        """Return the names of chunks if there is room to hold them, until `let_go`."""
        names = [self._name(number) for number in numbers]
        return names if self._chunks.reserve(names, self._nbytes) else None

    def let_go(self, names: list[Hashable]) -> None:
        """Note that what read these chunks is made."""
        self._chunks.let_go(names)

    def hold(
        self, numbers: list[int], names: list[Hashable], places: list[int], found: Found
    ) -> list[Task]:
        """Hand over the chunks that are here, and return what brings the others.

        Parameters
        ----------
        numbers, names : list
            Which chunks, each once, and what `reserve` called them.
        places : list of int
            What each is called by who takes it.
        found : callable
            Is given each, from any thread; it stays as it is while it is held.
        """
        here = self._chunks.announce(names)
        tasks: list[Task] = []
        for name, number, place in zip(names, numbers, places, strict=True):
            chunk = here.get(name)
            if chunk is None:
                tasks.append(functools.partial(self._hold, number, place, found))
            else:
                found(place, chunk)
        return tasks

    def _hold(self, number: int, place: int, found: Found) -> None:
        found(place, self._get(number))

    def _get(self, number: int) -> npt.NDArray[Any]:
        bring = functools.partial(self._bring, number)
        return self._chunks.get(self._name(number), self._nbytes, bring)

    @abstractmethod
    def _pieces(self, starts: Indices, targets: Indices, sizes: Indices) -> Pieces:
        """Return which parts of ranges lie in which chunk."""

    @abstractmethod
    def _name(self, number: int) -> Hashable:
        """Return what a chunk is called among those of all arrays."""

    @abstractmethod
    def _bring(self, number: int) -> npt.NDArray[Any]:
        """Return a chunk."""

    def tasks(
        self,
        places: Indices,  # noqa: ARG002 (it is one region)
        starts: Indices,
        targets: Indices,
        sizes: Indices,
    ) -> list[Task]:
        """Return what brings chunks, one by one, and copies from those that are here, all at once.

        A task takes some 60 us, as long as to copy half a megabyte: small rows of many chunks that
        are here would be copied at a third of the rate, one chunk after the other.
        """
        pieces = self._pieces(starts, targets, sizes)
        order = np.argsort(pieces.chunks, kind="stable")
        pieces = Pieces(*(each[order] for each in pieces))
        numbers, firsts = np.unique(pieces.chunks, return_index=True)
        edges = [*firsts.tolist(), len(order)]
        names = [self._name(number) for number in numbers.tolist()]
        here = self._chunks.announce(names)
        found: list[Task] = []
        sources = np.zeros(len(order), np.int64)
        held: list[npt.NDArray[Any]] = []
        for place, number in enumerate(numbers.tolist()):
            part = slice(edges[place], edges[place + 1])
            chunk = here.get(names[place])
            if chunk is None:
                ranges = pieces.offsets[part], pieces.targets[part], pieces.sizes[part]
                found.append(functools.partial(self._copy, number, *ranges))
            else:
                held.append(chunk)
                sources[part] = address_of(chunk) + pieces.offsets[part]
        if held:
            there = sources > 0
            ranges = sources[there], pieces.targets[there], pieces.sizes[there]
            found.append(functools.partial(_copy_held, held, *ranges))
        return found

    def _copy(self, number: int, offsets: Indices, targets: Indices, sizes: Indices) -> None:
        # Held while it is copied from, whoever lets go of it meanwhile.
        chunk = self._get(number)
        copy_ranges(address_of(chunk) + offsets, targets, sizes)


def _copy_held(
    held: list[npt.NDArray[Any]],  # noqa: ARG001 (so that they stay)
    sources: Indices,
    targets: Indices,
    sizes: Indices,
) -> None:
    copy_ranges(sources, targets, sizes)
