"""Blocks of a shuffle, each read from its file as a whole and kept while its window lasts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samebytes.engine.readers.chunk_cache import ChunkCache, room_for_chunks
from samebytes.engine.readers.file_fetcher import FileFetcher
from samebytes.engine.readers.kept_fetcher import KeptFetcher, Pieces, Span
from samebytes.memory.addresses import address_of
from samebytes.memory.pool import Pool
from samebytes.plan.file_blocks import FileBlocks

__all__ = ["BlockFetcher"]

Indices = npt.NDArray[np.int64]


class BlockFetcher(KeptFetcher):
    """Reads the blocks that ranges lie in, and copies the ranges out of them.

    Parameters
    ----------
    files : FileFetcher
        What reads.
    place : int
        Number of the region.
    address : int
        Where the file is mapped.
    blocks : FileBlocks
        How it is cut.
    chunks : ChunkCache
        Where blocks are kept.
    """

    def __init__(
        self, files: FileFetcher, place: int, address: int, blocks: FileBlocks, chunks: ChunkCache
    ) -> None:
        super().__init__(chunks, blocks.nbytes)
        self.threads = files.threads
        self._files = files
        self._place = place
        self._first, self._end = address + blocks.begin, address + blocks.end
        self._beyond = blocks.beyond
        self._pool = Pool(blocks.nbytes + blocks.beyond, most=room_for_chunks() // blocks.nbytes)

    @property
    def span(self) -> Span:
        """Where blocks lie."""
        return Span(self._first, self._nbytes, self._nbytes + self._beyond)

    def _pieces(self, starts: Indices, targets: Indices, sizes: Indices) -> Pieces:
        return pieces_of(starts - self._first, targets, sizes, self._nbytes, self._beyond)

    def _name(self, number: int) -> tuple[int, int]:
        return id(self), number

    def _bring(self, number: int) -> npt.NDArray[np.uint8]:
        start = self._first + number * self._nbytes
        count = min(self._nbytes + self._beyond, self._end - start)
        block = self._pool.take()[:count]
        one = np.ones(1, np.int64)
        self._files.read(one * self._place, one * start, one * address_of(block), one * count)
        return block

    def end(self) -> None:
        """Let go of the blocks."""
        self._chunks.clear()


def pieces_of(
    starts: Indices, targets: Indices, sizes: Indices, nbytes: int, beyond: int
) -> Pieces:
    """Return the pieces of ranges in blocks that overlap.

    Parameters
    ----------
    starts, targets, sizes : ndarray of int64
        Ranges, counted from the first block, none empty, and where they go.
    nbytes, beyond : int
        From a block to the next, and how far each reaches into that.

    Examples
    --------
    >>> one = np.array([8]), np.array([100]), np.array([5])
    >>> [each.tolist() for each in pieces_of(*one, nbytes=10, beyond=3)]
    [[0], [8], [100], [5]]
    >>> [each.tolist() for each in pieces_of(*one, nbytes=10, beyond=2)]
    [[0, 1], [8, 0], [100, 102], [2, 3]]
    """
    first = starts // nbytes
    # The last block that is needed is the one that holds the range's end, in itself or beyond.
    last = np.maximum(first, -((beyond - starts - sizes) // nbytes) - 1)
    count = last - first + 1
    which = np.repeat(np.arange(len(starts)), count)
    blocks = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    begins = np.maximum(starts[which], blocks * nbytes)
    ends = np.where(blocks == last[which], (starts + sizes)[which], (blocks + 1) * nbytes)
    moved = targets[which] + begins - starts[which]
    return Pieces(blocks, begins - blocks * nbytes, moved, ends - begins)
