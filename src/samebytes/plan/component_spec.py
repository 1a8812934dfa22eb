"""What a component is at one point of a chain of transforms: facts, never data.

Folding asks each transform, in turn, what becomes of these facts; whether a chain is one pass, and
which kernels write it, follows from the last of them alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["NUMBERS", "ComponentSpec", "Unfoldable", "open_spec"]

NUMBERS = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("bfloat16", "float16", "float32", "float64"),
)
"""Names of the dtypes that are calculated with; everything else is moved as it is."""


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
    staged : bool
        Whether pixels pass through stages, because no single formula does what is asked for.
    pointwise : bool
        Whether a value depends on one value of the source alone, and the sample it is of.
    by_place : bool
        Whether what was done to a value depends on its place in the image.
    spread : int
        How often pixels have taken from their neighbours, which no crop may leave out any more.
    mixed : bool
        Whether each sample was mixed with another one.
    classes : int
        Of labels that become vectors, how many; else 0.
    alone : bool
        Whether one transform is done to what has been written, so that nothing has to fold.
    resampling : (str, bool), optional
        By which interpolation pixels are resampled, and whether with antialias; None for crops
        and flips alone, which move pixels as they are.
    fill : tuple of float, optional
        What stands beside the image where it was padded; None where it was not.
    framed : bool
        Whether samples are several images: what is done along the last three axes is done to each.
    warped : bool
        Whether pixels are read where matrices say, and not along rows.
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
    staged: bool = False
    pointwise: bool = True
    by_place: bool = False
    spread: int = 0
    mixed: bool = False
    classes: int = 0
    alone: bool = False

    def need(self, folds: bool, why: str) -> None:  # noqa: FBT001
        """Leave a transform for after the pass where it does not fold; there, anything does.

        Raises
        ------
        Unfoldable
            If it does not.
        """
        if not (folds or self.alone):
            raise Unfoldable(why)

    resampling: tuple[str, bool] | None = None
    fill: tuple[float, ...] | None = None
    framed: bool = False
    warped: bool = False

    @cached_property
    def is_image(self) -> bool:
        """Whether a sample has height, width and channels, of items that are moved one by one."""
        if not self.framed and (len(self.shape) != 3 or self.lead):
            return False
        dtype = self.source_dtype
        return dtype.name in NUMBERS or (dtype.isnative and dtype.itemsize in {1, 2, 4, 8})

    @property
    def is_resampled(self) -> bool:
        """Whether pixels are read otherwise than one step apart."""
        return self.resampling is not None or self.fill is not None

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
    def span(self) -> tuple[int, int] | None:
        """The lowest value of the source, and the one behind the highest, where there are few."""
        dtype = self.source_dtype
        if not self.staged or not self.is_image or dtype.kind not in "iub" or dtype.itemsize > 2:
            return None
        limits = np.iinfo(dtype if dtype.kind in "iu" else np.uint8)
        return int(limits.min), int(limits.max) + 1

    @property
    def countable(self) -> bool:
        """Whether what each value of the source becomes can be looked up in a table."""
        return self.pointwise and replace(self, staged=True).span is not None

    @property
    def frames(self) -> tuple[int, ...]:
        """Axes in front of those of an image, where a sample has several of them."""
        return self.shape[:-3] if self.framed else ()

    @property
    def source_size(self) -> tuple[int, int]:
        """Height and width in the source; zeros where samples are no images."""
        if not self.is_image:
            return 0, 0
        rows, columns = self.shape[-2:] if self.source_planar else self.shape[-3:-1]
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
        if self.classes:
            return (self.classes,)
        if not self.is_image:
            return self.shape
        if self.planar:
            return (*self.frames, self.channels, self.height, self.width)
        return (*self.frames, self.height, self.width, self.channels)


def open_spec(shape: tuple[int, ...], dtype: np.dtype[Any], lead: int = 0) -> ComponentSpec:
    """Return the spec of a component to which nothing was done yet."""
    height, width, channels = shape if len(shape) == 3 else (0, 0, 0)
    # Numbers come out as this machine writes them; what is only moved keeps its bytes.
    written = dtype.newbyteorder("=") if dtype.name in NUMBERS else dtype
    return ComponentSpec(shape, dtype, height, width, channels, written, lead)
