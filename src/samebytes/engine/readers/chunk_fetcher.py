"""Ranges of a lazy array that is stored in chunks: each is decoded once while it is needed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.readers.chunk_cache import ChunkCache
from samebytes.engine.readers.chunk_grid import ChunkGrid
from samebytes.engine.readers.fetcher import Count
from samebytes.engine.readers.kept_fetcher import KeptFetcher, Pieces, Span
from samebytes.memory.lazy import ChunkSource, decoded

__all__ = ["ChunkFetcher"]

Indices = npt.NDArray[np.int64]


class ChunkFetcher(KeptFetcher):
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

    def __init__(self, source: ChunkSource, address: int, chunks: ChunkCache, count: Count) -> None:
        super().__init__(chunks, math.prod(source.chunks) * source.dtype.itemsize)
        self.threads = source.threads
        self._address = address
        self._grid = ChunkGrid(source.shape, source.chunks, source.dtype.itemsize)
        if self._grid.cuts_rows:  # a gap may be a chunk, decoded for nothing
            self.near_bytes = 0
        self._source = source
        self._count = count

    @property
    def span(self) -> Span | None:
        """Where chunks lie, if only rows are divided among them."""
        nbytes = self._grid.run_bytes
        return Span(self._address, nbytes, nbytes) if nbytes else None

    def _pieces(self, starts: Indices, targets: Indices, sizes: Indices) -> Pieces:
        return self._grid.pieces(starts - self._address, targets, sizes)

    def _name(self, number: int) -> tuple[int, int]:
        # Several arrays may show one source: some of its columns each.
        return id(self._source), number

    def _bring(self, number: int) -> npt.NDArray[Any]:
        starts, stops = self._grid.box(number)
        found = decoded(self._source, starts, stops)
        self._count(bytes_asked=found.nbytes)
        return found

    def end(self) -> None:
        """Let go of the chunks."""
        self._chunks.clear()
        self._source.release()
