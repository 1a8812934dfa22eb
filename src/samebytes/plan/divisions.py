"""Samples divided among parts: each class alike, or groups as a whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan import rng
from samebytes.plan.labels import Labels

__all__ = ["Division", "Grouped", "Stratified", "part_sizes"]

Parts = npt.NDArray[np.intp]

DIVISION_STREAM = 0xFFFC
"""The stream of the numbers that samples, or groups, are sorted by; transforms stay below."""


class Division(ABC):
    """Samples divided among parts, with numbers drawn for them, or in the order they have.

    Parameters
    ----------
    labels : Labels
        A class, or a group, for each sample.
    sizes : sequence of int
        Samples in each part, all together as many as there are.
    """

    verb = ""

    def __init__(self, labels: Labels, sizes: Sequence[int]) -> None:
        self.labels = labels
        self.sizes = tuple(sizes)
        self._last: tuple[int | None, Parts] | None = None

    def parts(self, seed: int | None) -> Parts:
        """Return the part of each sample; without a seed by their order."""
        last = self._last
        if last is None or last[0] != seed:
            last = self._last = seed, self._divided(seed)
        return last[1]

    @abstractmethod
    def _divided(self, seed: int | None) -> Parts:
        """Return the part of each sample."""

    @property
    def text(self) -> str:
        """What decides about the parts but for the seed, in words: the key of a state."""
        return f"split({', '.join(map(str, self.sizes))}, {self.verb}={self.labels.text})"

    def __eq__(self, other: object) -> bool:
        """Return whether both divide alike."""
        return isinstance(other, Division) and self.text == other.text

    def __hash__(self) -> int:
        """Return a hash of how they divide."""
        return hash(self.text)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what follows from the rest."""
        return {**vars(self), "_last": None}


class Stratified(Division):
    """Every part has its share of each class, but for one or two samples."""

    verb = "stratify"

    def _divided(self, seed: int | None) -> Parts:
        count = len(self.labels.codes)
        within = np.arange(count, dtype=np.uint64) if seed is None else _drawn(seed, count)
        order = np.lexsort((within, self.labels.codes))
        found = np.empty(count, np.intp)
        found[order] = _evenly(self.sizes)
        return found


class Grouped(Division):
    """Samples of a group are all in one part; parts are as near to their sizes as that allows."""

    verb = "groups"

    def _divided(self, seed: int | None) -> Parts:
        counts = np.bincount(self.labels.codes, minlength=len(self.labels.classes))
        order = np.arange(len(counts)) if seed is None else np.argsort(_drawn(seed, len(counts)))
        ends = np.cumsum(counts[order])
        cuts = [0]
        for number, border in enumerate(np.cumsum(self.sizes)[:-1]):
            # Behind the group that ends nearest, but no part is left without one.
            nearest = int(np.abs(ends - border).argmin()) + 1
            most = len(counts) - (len(self.sizes) - 1 - number)
            cuts.append(min(max(nearest, cuts[-1] + 1), most))
        part = np.empty(len(counts), np.intp)
        part[order] = np.repeat(np.arange(len(self.sizes)), np.diff([*cuts, len(counts)]))
        found: Parts = part[self.labels.codes]
        return found


def _drawn(seed: int, count: int) -> npt.NDArray[np.uint64]:
    return rng.words(seed, 0, np.arange(count), DIVISION_STREAM, 1)[:, 0]


def _evenly(sizes: Sequence[int]) -> Parts:
    """Return parts one after the other, mixed so that each run has its share of each.

    Examples
    --------
    >>> _evenly([4, 1, 1]).tolist()
    [2, 0, 0, 1, 0, 0]
    """
    found = np.zeros(sum(sizes), np.intp)
    left = np.arange(len(found))
    for part, size in enumerate(sizes[:-1]):
        places = np.arange(len(left) + 1) * size // max(len(left), 1)
        mine = np.diff(places) > 0
        found[left[mine]] = part
        left = left[~mine]
    found[left] = len(sizes) - 1
    return found


def part_sizes(parts: Sequence[float], length: int, verb: str) -> list[int]:
    """Return how many samples each part has; shares are rounded so that their sum stays.

    Raises
    ------
    ValueError
        If shares do not add up to 1, numbers not to the length, or a part is less than nothing.
    TypeError
        If one is no number.

    Examples
    --------
    >>> part_sizes([0.8], 11, "split"), part_sizes([3, 8], 11, "split")
    ([9, 2], [3, 8])
    """
    written = f"{verb}({', '.join(map(repr, parts))})"
    kinds = [np.asarray(part).dtype.kind for part in parts]
    if not parts or not set(kinds) <= set("iuf") or any(np.ndim(part) for part in parts):
        message = f"{written}: expected shares, such as 0.8 and 0.2, or numbers of samples"
        raise TypeError(message)
    shares = [float(part) for part in parts]
    if "f" not in kinds:
        counts = [int(part) for part in parts]
        if min(counts) < 0 or sum(counts) != length:
            message = (
                f"{written}: these are {sum(counts):,} samples, but the dataset has {length:,}; "
                "expected numbers of samples that add up to that, or shares, such as 0.8 and 0.2"
            )
            raise ValueError(message)
        return counts
    if len(shares) == 1:
        shares.append(1 - shares[0])
    if not all(0 <= share <= 1 for share in shares) or abs(sum(shares) - 1) > 1e-9:
        message = f"{written}: expected shares from 0 to 1 that add up to 1; got {sum(shares):g}"
        raise ValueError(message)
    borders = [0, *(round(border * length) for border in np.cumsum(shares)[:-1]), length]
    return [stop - start for start, stop in pairwise(borders)]
