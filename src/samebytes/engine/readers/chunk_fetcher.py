"""Ranges of a lazy array that is stored in chunks: each is decoded once while it is needed."""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from samebytes.engine.kernels.storage import copy_ranges
from samebytes.engine.readers.chunk_cache import ChunkCache
from samebytes.engine.readers.chunk_grid import ChunkGrid
from samebytes.engine.readers.fetcher import Count, Fetcher, Task
from samebytes.memory.addresses import address_of
from samebytes.memory.lazy import ChunkSource, decoded

__all__ = ["ChunkFetcher"]

Indices = npt.NDArray[np.int64]


class ChunkFetcher(Fetcher):
    """Decodes the chunks that ranges lie in, and copies the ranges out of them.

    Parameters
    ----------
    source : ChunkSource
        The source.
    address : int
        Where its first byte would lie.
    chunks : ChunkCache
        Where the chunks of all sources of a run are kept.
    count : callable
        Counts the bytes of the chunks that are decoded.
    """

    gap_bytes = 0

    def __init__(self, source: ChunkSource, address: int, chunks: ChunkCache, count: Count) -> None:
        self.threads = source.threads
        self._address = address
        self._grid = ChunkGrid(source.shape, source.chunks, source.dtype.itemsize)
        if self._grid.cuts_rows:  # a gap may be a chunk, decoded for nothing
            self.near_bytes = 0
        self._chunk_bytes = math.prod(source.chunks) * source.dtype.itemsize
        self._source = source
        self._chunks = chunks
        self._count = count

    def tasks(
        self,
        places: Indices,  # noqa: ARG002 (it is one region)
        starts: Indices,
        targets: Indices,
        sizes: Indices,
    ) -> list[Task]:
        """Return what decodes a chunk and copies from it, for each chunk."""
        pieces = self._grid.pieces(starts - self._address, targets, sizes)
        order = np.argsort(pieces.chunks, kind="stable")
        numbers, firsts = np.unique(pieces.chunks[order], return_index=True)
        edges = [*firsts.tolist(), len(order)]
        self._chunks.announce(map(self._name, numbers.tolist()))
        found: list[Task] = []
        for number, low, high in zip(numbers.tolist(), edges[:-1], edges[1:], strict=True):
            chosen = order[low:high]
            ranges = (pieces.offsets[chosen], pieces.targets[chosen], pieces.sizes[chosen])
            found.append(functools.partial(self._copy, number, *ranges))
        return found

    def _copy(self, number: int, offsets: Indices, targets: Indices, sizes: Indices) -> None:
        # Held while it is copied from, whoever lets go of it meanwhile.
        decode = functools.partial(self._decode, number)
        chunk = self._chunks.get(self._name(number), self._chunk_bytes, decode)
        copy_ranges(address_of(chunk) + offsets, targets, sizes)

    def _name(self, number: int) -> tuple[int, int]:
        # Several arrays may show one source: some of its columns each.
        return id(self._source), number

    def _decode(self, number: int) -> npt.NDArray[np.generic]:
        starts, stops = self._grid.box(number)
        found = decoded(self._source, starts, stops)
        self._count(bytes_asked=found.nbytes)
        return found

    def end(self) -> None:
        """Let go of the chunks."""
        self._chunks.clear()
        self._source.release()
