"""A class, or a group, for each sample: as few bytes as tell them apart."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.index_tables import digest_of

__all__ = ["Labels", "as_labels"]

Codes = npt.NDArray[np.unsignedinteger[Any]]


class Labels:
    """Which class each sample is of.

    Attributes
    ----------
    codes : ndarray of uint8, uint16 or uint32
        The number of its class.
    classes : ndarray
        What was given, ascending, each once.
    """

    def __init__(self, codes: Codes, classes: npt.NDArray[Any]) -> None:
        self.codes = codes
        self.classes = classes

    def __eq__(self, other: object) -> bool:
        """Return whether both are of the same classes."""
        return isinstance(other, Labels) and self.text == other.text

    def __hash__(self) -> int:
        """Return a hash of which sample is of which class."""
        return hash(self.text)

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """Samples of each class."""
        return np.bincount(self.codes, minlength=len(self.classes)).astype(np.int64, copy=False)

    @cached_property
    def text(self) -> str:
        """How many classes, and a digest of which sample is of which: the key of a state."""
        return f"{len(self.classes):,} ({digest_of(self.codes)})"


def as_labels(values: Any, length: int, called: str) -> Labels:
    """Return values as classes.

    Parameters
    ----------
    values : array-like
        One for each sample.
    length : int
        How many samples there are.
    called : str
        What they are, in errors: ``balance(labels=)``.

    Raises
    ------
    ValueError
        If they are not one for each sample, or one is not a number.
    TypeError
        If they cannot be compared.

    Examples
    --------
    >>> found = as_labels(["cat", "dog", "cat"], 3, "balance(labels=)")
    >>> found.codes.tolist(), found.classes.tolist(), found.counts.tolist()
    ([0, 1, 0], ['cat', 'dog'], [2, 1])
    """
    array = np.asarray(values)
    if array.dtype.hasobject or array.dtype.kind in "Vc":
        message = f"{called}: expected numbers, times or strings; got an array of {array.dtype}"
        raise TypeError(message)
    if array.shape != (length,):
        message = (
            f"{called}: expected one value for each of the {length:,} samples, the shape "
            f"({length},); got {array.shape}"
        )
        raise ValueError(message)
    unknown = (
        array != array if array.dtype.kind in "fmM" else np.zeros(0, bool)
    )  # of NaN and NaT alone
    if unknown.any():
        kind = "NaT" if array.dtype.kind in "mM" else "NaN"
        message = (
            f"{called}: {int(unknown.sum()):,} of {length:,} values are {kind}, the first of "
            f"sample {int(unknown.argmax()):,}; leave those samples out (filter), or give them a "
            "class of their own"
        )
        raise ValueError(message)
    classes, codes = _coded(array)
    return Labels(codes, classes)


def _coded(array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Codes]:
    if array.dtype.kind in "ub" and array.dtype.itemsize == 1:
        # No sorting: it would take longer than reading them many times.
        counts = np.bincount(array.view(np.uint8), minlength=256)
        numbers = np.flatnonzero(counts)
        if len(numbers) and numbers[-1] == len(numbers) - 1:  # they are codes already
            return numbers.astype(array.dtype), array.view(np.uint8)
        places = np.zeros(256, np.uint8)
        places[numbers] = np.arange(len(numbers))
        return numbers.astype(array.dtype), places[array.view(np.uint8)]
    if array.dtype.kind in "iu" and array.size:
        low, high = int(array.min()), int(array.max())
        if high - low < max(1 << 16, array.size // 8) and max(high, -low) < 1 << 62:
            moved = array.astype(np.int64) - low
            there = np.flatnonzero(np.bincount(moved))
            places = np.zeros(high - low + 1, _dtype(len(there)))
            places[there] = np.arange(len(there))
            return (there + low).astype(array.dtype), places[moved]
    classes, codes = np.unique(array, return_inverse=True)
    return classes, codes.reshape(-1).astype(_dtype(len(classes)))


def _dtype(count: int) -> npt.DTypeLike:
    return np.uint8 if count <= 1 << 8 else np.uint16 if count <= 1 << 16 else np.uint32
