"""Bytes that tell where in a file they lie, so that anyone's samples can be checked.

Each word of 8 bytes is its own number, mixed by steps that can be undone (those of splitmix64). So
the file looks random, no two places are alike, and a few bytes of a sample say where it is from.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers.jobs.job import WrongBatchError

__all__ = ["WORD", "bytes_at", "offset_of", "words"]

WORD = 8

_STEPS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST = 31
_SALT = 0x9E3779B97F4A7C15
_MOST = 1 << 64

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[Any]


def words(numbers: Numbers) -> npt.NDArray[np.uint64]:
    """Return the words with these numbers."""
    mixed = numbers.astype(np.uint64) + np.uint64(_SALT)
    for shift, factor in _STEPS:
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(_LAST)
    found: npt.NDArray[np.uint64] = mixed
    return found


def _number_of(word: int) -> int:
    """Undo `words`, for one."""
    word = _unshifted(word, _LAST)
    for shift, factor in reversed(_STEPS):
        word = _unshifted(word * pow(factor, -1, _MOST) % _MOST, shift)
    return (word - _SALT) % _MOST


def _unshifted(mixed: int, shift: int) -> int:
    """Undo ``mixed ^= mixed >> shift``."""
    word = mixed
    for _ in range(64 // shift):
        word = mixed ^ (word >> shift)
    return word


def bytes_at(offsets: Numbers, nbytes: int) -> Bytes:
    """Return what lies at some offsets, a row of so many bytes for each.

    Examples
    --------
    >>> whole = bytes_at(np.array([0]), 40)[0]
    >>> bool((bytes_at(np.array([3, 17]), 11) == [whole[3:14], whole[17:28]]).all())
    True
    """
    offsets = np.asarray(offsets, np.int64)
    count = nbytes // WORD + 2
    found = words(offsets[:, np.newaxis] // WORD + np.arange(count)).view(np.uint8)
    inside = offsets[:, np.newaxis] % WORD + np.arange(nbytes)
    return np.take_along_axis(found, inside, 1)


def offset_of(sample: Bytes, nbytes: int) -> int:
    """Return where in a file of so many bytes a run of its bytes, at least 16, comes from.

    Raises
    ------
    WrongBatchError
        If it is nowhere.

    Examples
    --------
    >>> offset_of(bytes_at(np.array([12345]), 16)[0], 1 << 40)
    12345
    """
    for past in range(WORD):
        word = int(sample[past : past + WORD].copy().view(np.uint64)[0])
        offset = _number_of(word) * WORD - past
        inside = 0 <= offset <= nbytes - len(sample)
        if inside and np.array_equal(bytes_at(np.array([offset]), len(sample))[0], sample):
            return offset
    message = "a sample whose bytes are nowhere in the file"
    raise WrongBatchError(message)
