"""How rows are divided so that each part fits in memory, and where each part lies meanwhile.

Rows of the copy are cut into *buckets*, each small enough for memory. First the source is read in
order, and each row is written behind those that its bucket has already: into the copy's own file,
one bucket further on than where the bucket belongs. Then bucket after bucket is read, put in order
and written where it belongs: over the one before it, which is no longer needed. So the file is
never larger than the copy and a bucket; a bucket is never overwritten before it stands at its
place; and every read and write is of many rows side by side. What comes next is read by a thread of
its own.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Sizes", "least_memory", "sizes_within"]

ROW_NUMBERS = 64
"""Bytes of numbers for each row that is in memory: its place, its bucket, and their order."""

PIECE_BYTES = 16 << 20
"""Rows that were put in order are written in pieces of so many bytes: larger ones gain nothing."""

LEAST_PIECE = 4
"""A piece takes at most one part in so many of the memory."""


@dataclass(frozen=True)
class Sizes:
    """How some rows are divided.

    Attributes
    ----------
    rows, row_bytes : int
        How many, and how large each is.
    bucket_rows : int
        Rows in a bucket; the last has what is left.
    chunk_rows : int
        Rows of the source that are read at a time.
    piece_rows : int
        Rows that are written at a time while a bucket is put in order.
    """

    rows: int
    row_bytes: int
    bucket_rows: int
    chunk_rows: int
    piece_rows: int

    @property
    def buckets(self) -> int:
        """How many there are."""
        return -(-self.rows // self.bucket_rows)

    @property
    def fits(self) -> bool:
        """Whether all rows are in memory at once, so that there is nothing to scatter."""
        return self.buckets <= 1

    @property
    def file_rows(self) -> int:
        """The most rows that the file has meanwhile."""
        return self.rows + (0 if self.fits else self.bucket_rows)

    def bucket(self, number: int) -> tuple[int, int]:
        """Return the first row of a bucket, and the one behind its last."""
        first = number * self.bucket_rows
        return first, min(first + self.bucket_rows, self.rows)


def least_memory(row_bytes: int) -> int:
    """Return the bytes of memory that are needed: for some rows of each kind, and a megabyte."""
    return (1 << 20) + 4 * LEAST_PIECE * (row_bytes + ROW_NUMBERS)


def sizes_within(memory: int, rows: int, row_bytes: int) -> Sizes:
    """Return how to divide rows so that no more than `memory` bytes are needed.

    Examples
    --------
    >>> sizes = sizes_within(1 << 30, rows=100_000, row_bytes=1 << 20)
    >>> sizes.buckets, sizes.chunk_rows, sizes.piece_rows
    (199, 340, 16)
    """
    memory = max(memory - (1 << 20), LEAST_PIECE * (row_bytes + ROW_NUMBERS))
    piece = max(1, min(PIECE_BYTES, memory // LEAST_PIECE) // max(row_bytes, 1))
    left, chunk = memory - piece * row_bytes, memory // (3 * row_bytes + ROW_NUMBERS)
    if rows * (row_bytes + ROW_NUMBERS) <= left:
        bucket = max(rows, 1)
    else:  # one is read while the one before it is written
        bucket = left // (2 * row_bytes + ROW_NUMBERS)
    return Sizes(rows, row_bytes, bucket, chunk, piece)
