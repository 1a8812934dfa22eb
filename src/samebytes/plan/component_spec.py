"""Folding a chain of transforms into one pass: where each pixel is read, and what becomes of it.

Every geometric transform maps an output pixel to a source pixel by an offset and a step of +1 or
-1 an axis, and so does a chain of them. Every linear one is a factor and a term a sample and
channel, and so is a chain of them. What is subtracted first is kept apart as a center: where data
lie far from zero, ``scale * x`` and the term would be two large numbers whose difference has lost
its digits. A clip after a linear transform can be moved behind the next
one, since both are monotone: one pair of bounds at the end serves any number of clips.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["NUMBERS", "ComponentSpec", "Tables", "Unfoldable", "open_spec", "open_tables"]

NUMBERS = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("bfloat16", "float16", "float32", "float64"),
)
"""Names of the dtypes that are calculated with; everything else is moved as it is."""

Floats = npt.NDArray[np.float64]
Means = Callable[["Tables"], Floats]


class Unfoldable(Exception):
    """A transform cannot join the pass; its message says why."""


@dataclass(frozen=True)
class ComponentSpec:
    """What one component is so far, and what its pass will write; facts, no data.

    Attributes
    ----------
    shape : tuple of int
        Of a sample in the source.
    source_dtype : numpy.dtype
        In the source.
    height, width, channels : int
        Of a sample now, for components whose samples have three axes; else 0.
    dtype : numpy.dtype
        Of the values now.
    lead : int
        Axes of time, which come first: samples that have any are no images.
    planar, source_planar : bool
        Whether channels come first, in what is written and in the source.
    linear, clipped : bool
        Whether the pass calculates at all, and whether it has bounds.
    rounded : bool
        Whether values were already rounded to integers, after which nothing can be folded.
    placed : bool
        Whether it was decided already where pixels are read.
    chosen : bool
        Whether a Cast chose the dtype, so that calculating keeps it.
    read_again : int
        Items of the source that are read once more, for means.
    extreme : bool
        Whether some number to calculate with is beyond what float32 has room for.
    """

    shape: tuple[int, ...]
    source_dtype: np.dtype[Any]
    height: int
    width: int
    channels: int
    dtype: np.dtype[Any]
    lead: int = 0
    planar: bool = False
    source_planar: bool = False
    linear: bool = False
    clipped: bool = False
    rounded: bool = False
    placed: bool = False
    chosen: bool = False
    read_again: int = 0
    extreme: bool = False

    @cached_property
    def is_image(self) -> bool:
        """Whether a sample has height, width and channels, of items that are moved one by one."""
        if len(self.shape) != 3 or self.lead:
            return False
        dtype = self.source_dtype
        return dtype.name in NUMBERS or (dtype.isnative and dtype.itemsize in {1, 2, 4, 8})

    @cached_property
    def arithmetic(self) -> np.dtype[Any]:
        """The dtype that is calculated in: float32 where it loses nothing that is asked for.

        What float32 cannot hold exactly, in the source or in the output, takes float64.
        """
        wide = any(
            dtype.kind in "iuf" and dtype.itemsize > (4 if dtype.kind == "f" else 2)
            for dtype in (self.source_dtype, self.dtype)
        )
        return np.dtype(np.float64 if wide or self.extreme else np.float32)

    @property
    def source_size(self) -> tuple[int, int]:
        """Height and width in the source; zeros where samples are no images."""
        if not self.is_image:
            return 0, 0
        rows, columns = self.shape[1:] if self.source_planar else self.shape[:2]
        return rows, columns

    @property
    def factors(self) -> int:
        """Length of a row's last axis, along which factors and terms may differ."""
        if self.is_image:
            return self.channels
        return self.shape[-1] if len(self.shape) > self.lead else 1

    @property
    def result_shape(self) -> tuple[int, ...]:
        """Shape of a sample as the pass writes it."""
        if not self.is_image:
            return self.shape
        if self.planar:
            return (self.channels, self.height, self.width)
        return (self.height, self.width, self.channels)


def open_spec(shape: tuple[int, ...], dtype: np.dtype[Any], lead: int = 0) -> ComponentSpec:
    """Return the spec of a component to which nothing was done yet."""
    height, width, channels = shape if len(shape) == 3 else (0, 0, 0)
    # Numbers come out as this machine writes them; what is only moved keeps its bytes.
    written = dtype.newbyteorder("=") if dtype.name in NUMBERS else dtype
    return ComponentSpec(shape, dtype, height, width, channels, written, lead)


@dataclass
class Tables:
    """The numbers of one batch and component, row by sample: geometry and affine.

    Attributes
    ----------
    geometry : ndarray of int64, shape (n, 4) or (1, 4)
        First row, row step, first column, column step; one row where it is that of all samples.
    center, scale, offset, low, high : ndarray of float64, shape (n, factors) or (1, factors)
        ``out = min(max((x - center) * scale + offset, low), high)``; one row where it is that of
        all samples, for rows may have thousands of factors.
    height, width : int
        Pixels of the output at this point of the chain.
    """

    geometry: npt.NDArray[np.int64]
    center: Floats
    scale: Floats
    offset: Floats
    low: Floats
    high: Floats
    height: int
    width: int

    def crop(self, top: npt.ArrayLike, left: npt.ArrayLike, height: int, width: int) -> None:
        """Read `height` by `width` pixels from (`top`, `left`) on, for each sample."""
        self._set_apart(max(np.size(top), np.size(left)))
        self.geometry[:, 0] += self.geometry[:, 1] * np.asarray(top)
        self.geometry[:, 2] += self.geometry[:, 3] * np.asarray(left)
        self.height, self.width = height, width

    def _set_apart(self, count: int) -> None:
        """Give each sample a row of geometry once places are told for each."""
        if len(self.geometry) < count:
            self.geometry = np.repeat(self.geometry, count, axis=0)

    def flip(self, *, rows: npt.NDArray[np.bool_], columns: npt.NDArray[np.bool_]) -> None:
        """Read backwards, along the rows or the columns of the samples that are True."""
        self._set_apart(len(rows))
        for chosen, axis, length in ((rows, 0, self.height), (columns, 2, self.width)):
            self.geometry[chosen, axis] += self.geometry[chosen, axis + 1] * (length - 1)
            self.geometry[chosen, axis + 1] *= -1

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
    def limited(self) -> bool:
        """Whether any bound is there."""
        return bool(np.isfinite(self.low).any() or np.isfinite(self.high).any())

    def clip(self, low: float, high: float) -> None:
        """Put bounds behind what is there."""
        self.low, self.high = np.clip(self.low, low, high), np.clip(self.high, low, high)


def open_tables(spec: ComponentSpec) -> Tables:
    """Return the tables that read samples whole and unchanged."""
    # Tables that no step changes cost nothing: a row for all samples, and no factors.
    factors = spec.factors if spec.linear else 0
    return Tables(
        np.array([[0, 1, 0, 1]], np.int64),
        np.zeros((1, factors)),
        np.ones((1, factors)),
        np.zeros((1, factors)),
        np.full((1, factors), -np.inf),
        np.full((1, factors), np.inf),
        *spec.source_size,
    )
