"""A part of each image, of a size and shape of its own, as images of one size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import as_counts, as_pair
from samebytes.plan.transforms.resampling import Resampling, check_interpolation, resample_box

__all__ = ["RandomResizedCrop"]

Integers = npt.NDArray[np.int64]

TRIES = 10
"""How often an area and a shape are drawn before the middle of the image is taken."""


@dataclass(frozen=True)
class RandomResizedCrop(Resampling):
    """A random part of each image as `height` by `width` pixels; folded: resampled once.

    Draws are those of ``torchvision.transforms.RandomResizedCrop``: an area, uniform in `scale`
    times the image's, and the shape, log-uniform in `ratio`, up to ten times until that fits into
    the image; then a place, all equally likely. Where none fits, the middle with the nearest shape
    is taken. Every sample has its own. Values are as `Resizing` describes.

    Parameters
    ----------
    height, width : int
        Of the result.
    scale : (float, float)
        Least and most area, as a share of the image's.
    ratio : (float, float)
        Least and most width for each height.
    interpolation : str
        ``"bilinear"``, ``"nearest"`` or ``"bicubic"``.
    antialias : bool
        Whether to average all of what is shrunk, as torchvision does.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images = np.zeros((8, 64, 48, 3), "uint8")
    >>> ds = sb.Dataset.from_tensor_slices(images).map(sb.RandomResizedCrop(32, 32)).batch(4)
    >>> ds.element_spec
    ArraySpec(shape=(4, 32, 32, 3), dtype=dtype('float32'))
    """

    height: int
    width: int
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    interpolation: str = "bilinear"
    antialias: bool = True

    draws: ClassVar[int] = 2 * TRIES + 2

    def __post_init__(self) -> None:
        """Refuse what is no size, no share of an image, and no shape."""
        height, width = as_counts("RandomResizedCrop", self.height, self.width)
        object.__setattr__(self, "height", height)
        object.__setattr__(self, "width", width)
        for name, most in (("scale", 1.0), ("ratio", math.inf)):
            given = getattr(self, name)
            low, high = as_pair(given, f"RandomResizedCrop: {name}")
            if not (0 < low <= high <= most and math.isfinite(high)):
                limit = " <= 1" if name == "scale" else ""
                message = f"RandomResizedCrop: {name} {given} is no pair 0 < lower <= upper{limit}"
                raise ValueError(message)
            object.__setattr__(self, name, (low, high))
        check_interpolation("RandomResizedCrop", self.interpolation, self.antialias)

    @property
    def way(self) -> tuple[str, bool]:
        """The interpolation, and whether with antialias."""
        return self.interpolation, self.antialias and self.interpolation != "nearest"

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component with the size, in float32 unless by nearest."""
        return self.fold_resampled(spec, self.height, self.width)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Read the drawn boxes."""
        boxes = self.boxes(units, tables.geometry.height, tables.geometry.width)
        top, left, rows, columns = boxes.T
        tables.geometry.resize(top, left, rows, columns, self.height, self.width)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image's part resampled, in float64."""
        top, left, rows, columns = self.boxes(units[np.newaxis], *sample.shape[:2])[0].tolist()
        return resample_box(sample, (top, left, rows, columns), self.way, self.height, self.width)

    def boxes(self, units: Floats, height: int, width: int) -> Integers:
        """Return the box of each row of draws: (top, left, height, width), shape (n, 4)."""
        areas = height * width * _between(units[:, :TRIES], *self.scale)
        low, high = (math.log(value) for value in self.ratio)
        shapes = np.exp(_between(units[:, TRIES : 2 * TRIES], low, high))
        columns = np.rint(np.sqrt(areas * shapes)).astype(np.int64)
        rows = np.rint(np.sqrt(areas / shapes)).astype(np.int64)
        fits = (columns > 0) & (columns <= width) & (rows > 0) & (rows <= height)
        chosen = fits.argmax(1)[:, np.newaxis]
        sizes = [np.take_along_axis(each, chosen, 1)[:, 0] for each in (rows, columns)]
        places = [
            (units[:, 2 * TRIES + axis] * (room - size + 1)).astype(np.int64)
            for axis, (room, size) in enumerate(zip((height, width), sizes, strict=True))
        ]
        boxes = np.stack([*places, *sizes], axis=1)
        boxes[~fits.any(1)] = self._middle(height, width)
        return boxes

    def _middle(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return the box that is taken where none fits."""
        rows, columns = height, width
        if width / height < self.ratio[0]:
            rows = max(round(width / self.ratio[0]), 1)
        elif width / height > self.ratio[1]:
            columns = max(round(height * self.ratio[1]), 1)
        return (height - rows) // 2, (width - columns) // 2, rows, columns


def _between(unit: Floats, low: float, high: float) -> Floats:
    found: Floats = low + (high - low) * unit
    return found
