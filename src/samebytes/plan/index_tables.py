"""Which of many positions were chosen, in as few bytes as that takes: a range, an index, a bitmap.

Each gives the position of the n-th one that was chosen at once: looked up, or found among the bits
by counting those that are set, of whole blocks beforehand and of one block when it is asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.share.layout import as_bytes_text

__all__ = [
    "Bitmap",
    "IndexList",
    "IndexRange",
    "IndexTable",
    "digest_of",
    "nth_bit",
    "table_of_mask",
]

Positions = npt.NDArray[np.int64]

BLOCK = 64
"""Bytes of bits that are counted together: the count of each adds an eighth."""

PART = 16
"""Bytes of a block that are counted apart, and looked at one by one: another eighth."""

FEW = 1 << 20
"""Positions that an index is made for even if bits would take less: it is looked up ten times as
fast, and 8 MB are nothing."""

AT_A_TIME = 1 << 12
"""Positions whose blocks are looked at together, 256 kB of them."""

ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1, bitorder="little")
"""The bits of each byte, the lowest first."""

POPULATION = ONES.sum(1, dtype=np.uint8)
"""How many bits of each byte are set."""

NTH_BIT = np.argsort(1 - ONES, axis=1, kind="stable").astype(np.uint8)
"""Which bit of a byte is the n-th that is set."""


def nth_bit(bits: npt.NDArray[np.uint8], numbers: Positions) -> Positions:
    """Return for each row which of its bits is the n-th that is set, counted from 0.

    Examples
    --------
    >>> nth_bit(np.array([[0, 5], [3, 0]], np.uint8), np.array([1, 0])).tolist()
    [10, 0]
    """
    few = bits.shape[1] * 8 < 1 << 16
    behind = POPULATION[bits].cumsum(1, dtype=np.uint16 if few else np.int64)
    byte = (behind <= numbers[:, np.newaxis]).sum(1)
    each = np.arange(len(numbers))
    value = bits[each, byte]
    within = numbers - (behind[each, byte].astype(np.int64) - POPULATION[value])
    found: Positions = byte * 8 + NTH_BIT[value, within]
    return found


class IndexTable(ABC):
    """Positions that were chosen, by their number."""

    @abstractmethod
    def __len__(self) -> int:
        """Return how many were chosen."""

    @abstractmethod
    def at(self, numbers: Positions) -> Positions:
        """Return the positions of some by their numbers, which are 0 to ``len(self) - 1``."""

    @property
    @abstractmethod
    def text(self) -> str:
        """What it is and takes, and which positions it has, in words: the key of a state."""

    def __eq__(self, other: object) -> bool:
        """Return whether both have the same positions, in the same order."""
        return isinstance(other, IndexTable) and self.text == other.text

    def __hash__(self) -> int:
        """Return a hash of the positions."""
        return hash(self.text)


class IndexRange(IndexTable):
    """Positions that follow each other at one distance; nothing is stored."""

    def __init__(self, positions: range) -> None:
        self.positions = positions

    def __len__(self) -> int:
        """Return how many were chosen."""
        return len(self.positions)

    def at(self, numbers: Positions) -> Positions:
        """Return start and steps."""
        return self.positions.start + numbers * self.positions.step

    @property
    def text(self) -> str:
        """The range."""
        return repr(self.positions)


class IndexList(IndexTable):
    """Positions in any order, each as often as wanted; 8 bytes each."""

    def __init__(self, positions: Positions) -> None:
        self.positions = positions

    def __len__(self) -> int:
        """Return how many were chosen."""
        return len(self.positions)

    def at(self, numbers: Positions) -> Positions:
        """Look them up."""
        return self.positions[numbers]

    @cached_property
    def text(self) -> str:
        """How many, the bytes and a digest."""
        return _told(len(self), "an index", self.positions)


class Bitmap(IndexTable):
    """Positions in ascending order, a bit for each that might have been chosen, and a quarter more.

    Parameters
    ----------
    mask : ndarray of bool
        Which are.

    Examples
    --------
    >>> chosen = Bitmap(np.arange(2000) % 3 == 2)
    >>> len(chosen), chosen.at(np.array([0, 1, 665])).tolist()
    (666, [2, 5, 1997])
    """

    def __init__(self, mask: npt.NDArray[np.bool_]) -> None:
        packed = np.packbits(mask, bitorder="little")
        blocks = -(-len(packed) // BLOCK)
        self.bits = np.zeros((blocks * (BLOCK // PART), PART), np.uint8)
        self.bits.reshape(-1)[: len(packed)] = packed
        each = np.empty(len(self.bits), np.uint16)
        for start in range(0, len(each), AT_A_TIME):  # not all at once: that would be a byte a bit
            some = POPULATION[self.bits[start : start + AT_A_TIME]]
            each[start : start + AT_A_TIME] = some.sum(1, dtype=np.uint16)
        parts = each.reshape(blocks, BLOCK // PART)
        self.within = parts.cumsum(1, dtype=np.uint16)
        self.counts = np.concatenate([[0], np.cumsum(self.within[:, -1], dtype=np.int64)])
        self.among = len(mask)

    def __len__(self) -> int:
        """Return how many were chosen."""
        return int(self.counts[-1])

    def at(self, numbers: Positions) -> Positions:
        """Find the block by its count, in it the part, and in that the bit."""
        found = np.empty(len(numbers), np.int64)
        for start in range(0, len(numbers), AT_A_TIME):
            some = numbers[start : start + AT_A_TIME]
            block = np.searchsorted(self.counts, some, "right") - 1
            left = some - self.counts[block]
            ends = self.within[block]
            part = (ends <= left[:, np.newaxis]).sum(1)
            before = ends[np.arange(len(some)), part - 1].astype(np.int64) * (part > 0)
            row = block * (BLOCK // PART) + part
            found[start : start + AT_A_TIME] = row * (PART * 8) + nth_bit(
                self.bits[row], left - before
            )
        return found

    @cached_property
    def text(self) -> str:
        """How many of how many, the bytes and a digest."""
        return _told(
            len(self),
            f"a bitmap of {self.among:,}",
            self.bits,
            self.within.nbytes + self.counts.nbytes,
        )


def _told(count: int, what: str, values: npt.NDArray[Any], more: int = 0) -> str:
    told = f"{count:,} by {what}, {as_bytes_text(values.nbytes + more)}"
    return f"{told} ({digest_of(values)})"


def digest_of(values: npt.NDArray[Any]) -> str:
    """Return a name for some values: the same for the same ones."""
    import hashlib  # on first use: it loads OpenSSL

    return hashlib.sha256(np.ascontiguousarray(values).data).hexdigest()[:12]


def table_of_mask(mask: npt.NDArray[np.bool_]) -> IndexTable:
    """Return the positions where a mask is set, in ascending order: an index where they are few.

    Examples
    --------
    >>> few, many = np.arange(1 << 21) % 7 == 0, np.arange(1 << 21) % 7 > 0
    >>> type(table_of_mask(few)).__name__, type(table_of_mask(many)).__name__
    ('IndexList', 'Bitmap')
    """
    count = int(np.count_nonzero(mask))
    if count == len(mask):
        return IndexRange(range(count))
    if count <= FEW or count * 8 <= len(mask) // 8:
        return IndexList(np.flatnonzero(mask).astype(np.int64, copy=False))
    return Bitmap(mask)
