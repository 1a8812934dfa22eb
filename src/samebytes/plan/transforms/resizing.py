"""Another size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import as_counts, as_numbers, need_image
from samebytes.plan.transforms.padding import Margins, fold_padded, pad_sample
from samebytes.plan.transforms.resampling import Resampling, check_interpolation, resample_box

__all__ = ["Resizing"]


@dataclass(frozen=True)
class Resizing(Resampling):
    """Each image as `height` by `width` pixels; folded: resampled once, in the pass.

    Named as ``keras.layers.Resizing``. Values are those of PyTorch's ``interpolate`` of float32,
    which Keras and TensorFlow share for ``"nearest"`` and ``"bilinear"``: pixels are squares with
    their middles half a pixel from their edges. The result is float32, also of integers, which
    Keras rounds; by ``"nearest"`` pixels are moved as they are, and keep their dtype.

    Parameters
    ----------
    height, width : int
        Of the result.
    interpolation : str
        ``"bilinear"``, ``"nearest"``, or ``"bicubic"`` (PyTorch's and OpenCV's cubic, -0.75;
        with antialias Pillow's, -0.5, which is TensorFlow's always).
    antialias : bool
        Whether to average all of what is shrunk, as Pillow and torchvision do. Keras does not.
    crop_to_aspect_ratio : bool
        Whether to cut off, in equal parts, what the shape of the result has no room for, instead of
        changing the shape of things.
    pad_to_aspect_ratio : bool
        Whether to put margins of `fill_value` around the image instead, where it is too narrow or
        too low.
    fill_value : float or tuple of float
        Of these margins.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images = np.arange(16, dtype="uint8").reshape(1, 4, 4, 1)
    >>> ds = sb.Dataset.from_tensor_slices(images).map(sb.Resizing(2, 2)).batch(1)
    >>> next(iter(ds))[0, ..., 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """

    height: int
    width: int
    interpolation: str = "bilinear"
    antialias: bool = False
    crop_to_aspect_ratio: bool = False
    pad_to_aspect_ratio: bool = False
    fill_value: float | tuple[float, ...] = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no size, and no interpolation."""
        height, width = as_counts("Resizing", self.height, self.width)
        object.__setattr__(self, "height", height)
        object.__setattr__(self, "width", width)
        check_interpolation("Resizing", self.interpolation, self.antialias)
        fill = as_numbers(self.fill_value, "Resizing: fill_value")
        object.__setattr__(self, "fill_value", fill)
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            message = "Resizing: expected one of crop_to_aspect_ratio and pad_to_aspect_ratio"
            raise ValueError(message)

    @property
    def way(self) -> tuple[str, bool]:
        """The interpolation, and whether with antialias."""
        return self.interpolation, self.antialias and self.interpolation != "nearest"

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component with the size, in float32 unless by nearest."""
        if self.pad_to_aspect_ratio:
            spec = need_image(spec, "Resizing")
            margins = self._margins(spec.height, spec.width)
            spec = fold_padded(spec, margins, self.fill_value, "Resizing")
        return self.fold_resampled(spec, self.height, self.width)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Read all of the image, or what has its shape; no draw."""
        if self.pad_to_aspect_ratio:
            rows, columns = self._margins(tables.geometry.height, tables.geometry.width)
            tables.geometry.pad(*rows, *columns)
        box = self._box(tables.geometry.height, tables.geometry.width)
        tables.geometry.resize(*box, self.height, self.width)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image resampled, in float64."""
        if self.pad_to_aspect_ratio:
            margins = self._margins(*sample.shape[:2])
            sample = pad_sample(sample, margins, self.fill_value)
        box = self._box(*sample.shape[:2])
        return resample_box(sample, box, self.way, self.height, self.width)

    def _box(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return what is read of an image: (top, left, height, width), by Keras' formulas."""
        if not self.crop_to_aspect_ratio:
            return 0, 0, height, width
        rows = max(min(int(float(width * self.height) / self.width), height), 1)
        columns = max(min(int(float(height * self.width) / self.height), width), 1)
        return int((height - rows) / 2), int((width - columns) / 2), rows, columns

    def _margins(self, height: int, width: int) -> Margins:
        """Return what is put around an image, by Keras' formulas."""
        rows = max(int(float(width * self.height) / self.width), height) - height
        columns = max(int(float(height * self.width) / self.height), width) - width
        above, left = rows // 2, columns // 2
        return (above, above), (left, left)
