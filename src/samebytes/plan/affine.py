"""What becomes of each value of a batch: linear transforms and clips composed into one of each.

Every linear transform is a factor and a term per sample and channel, and so is a chain of them.
What is subtracted first is kept apart as a center: where data lie far from zero, ``scale * x`` and
the term would be two large numbers whose difference has lost its digits. A clip after a linear
transform can be moved behind the next one, since both are monotone: one pair of bounds at the end
serves any number of clips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Affine", "Floats"]

Floats = npt.NDArray[np.float64]


@dataclass
class Affine:
    """``min(max((x - center) * scale + offset, low), high)``, at one point of a chain.

    Attributes
    ----------
    center, scale, offset, low, high : ndarray of float64, shape (n, factors) or (1, factors)
        One row where all samples share it, for rows may have thousands of factors.

    Examples
    --------
    >>> affine = Affine.identity(1)
    >>> affine.multiply_add(2, 1)
    >>> affine.clip(0, 255)
    >>> affine.multiply_add(0.5, 0)
    >>> affine.scale.item(), affine.offset.item(), affine.high.item()
    (1.0, 0.5, 127.5)
    """

    center: Floats
    scale: Floats
    offset: Floats
    low: Floats
    high: Floats

    @classmethod
    def identity(cls, factors: int) -> Affine:
        """Return what changes no value, with room for so many factors."""
        zeros, limits = np.zeros((1, factors)), np.full((1, factors), np.inf)
        return cls(zeros, zeros + 1, zeros, -limits, limits)

    def multiply_add(self, factor: npt.ArrayLike, term: npt.ArrayLike) -> None:
        """Put ``factor * x + term`` behind what is there; both broadcast to (n, factors)."""
        factor, term = np.asarray(factor, np.float64), np.asarray(term, np.float64)
        self.scale = self.scale * factor
        self.offset = self.offset * factor + term
        ends = [self._moved(bound, factor, term) for bound in (self.low, self.high)]
        self.low, self.high = np.minimum(*ends), np.maximum(*ends)

    def subtract_multiply(self, term: npt.ArrayLike, factor: npt.ArrayLike) -> None:
        """Put ``(x - term) * factor`` behind what is there; both broadcast to (n, factors).

        What is subtracted before anything else becomes the center, so that no digit is lost.
        """
        term, factor = np.asarray(term, np.float64), np.asarray(factor, np.float64)
        untouched = (self.center == 0) & (self.scale == 1) & (self.offset == 0)
        self.center = np.where(untouched, term, self.center)
        self.offset = np.where(untouched, 0.0, (self.offset - term) * factor)
        self.scale = self.scale * factor
        ends = [self._moved(bound - term, factor, 0.0) for bound in (self.low, self.high)]
        self.low, self.high = np.minimum(*ends), np.maximum(*ends)

    @staticmethod
    def _moved(bound: Floats, factor: Floats, term: Floats | float) -> Floats:
        # An absent bound stays absent also under a factor of 0, where infinity times it is not
        # a number.
        with np.errstate(invalid="ignore"):
            moved = bound * factor + term
        return np.where(np.isfinite(bound), moved, np.where(factor < 0, -bound, bound))

    @property
    def idle(self) -> npt.NDArray[np.bool_]:
        """Which rows change no value."""
        found = (self.scale == 1) & (self.offset == self.center)
        found &= (self.low == -np.inf) & (self.high == np.inf)
        return np.atleast_1d(found.all(axis=1))

    def alike(self) -> Affine:
        """Return this with one factor for all channels, where all have the same."""
        each = (self.center, self.scale, self.offset, self.low, self.high)
        if all((one == one[:, :1]).all() for one in each):
            return Affine(*(one[:, :1] for one in each))
        return self

    def to(self, values: Floats, axis: int = -1) -> Floats:
        """Return what becomes of values, whose axis `axis` has the factors, in float64."""
        shape = np.ones(np.ndim(values), int)
        shape[0], shape[axis] = -1, self.scale.shape[1]
        each = (self.center, self.scale, self.offset, self.low, self.high)
        center, scale, offset, low, high = (one.reshape(shape) for one in each)
        found: Floats = np.clip((values - center) * scale + offset, low, high)
        return found

    @property
    def limited(self) -> bool:
        """Whether any bound is there."""
        return bool(np.isfinite(self.low).any() or np.isfinite(self.high).any())

    def clip(self, low: float | Floats, high: float | Floats) -> None:
        """Put bounds behind what is there; a number, or what broadcasts to (n, factors)."""
        self.low, self.high = np.clip(self.low, low, high), np.clip(self.high, low, high)
