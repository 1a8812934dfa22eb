"""A place of its own for each image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_counts, as_numbers
from samebytes.plan.transforms.center_crop import check_crop
from samebytes.plan.transforms.padding import as_margins, fold_padded, pad_sample

__all__ = ["RandomCrop"]


@dataclass(frozen=True)
class RandomCrop(Transform):
    """`height` by `width` pixels from a random place of each image; folded into the pass.

    Named as ``keras.layers.RandomCrop``, which draws one place for a whole batch; here every
    sample has its own, and the same one in every component of ``on=``. All places are equally
    likely. An image smaller than the crop is refused, unless it is padded.

    Parameters
    ----------
    height, width : int
        Of the crop.
    padding : int, (int, int) or ((int, int), (int, int)), optional
        Pixels to put around each image first, as `Padding` does and as people train on CIFAR.
    fill_value : float or tuple of float
        Of these pixels.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images = np.zeros((8, 64, 64, 3), "uint8")
    >>> ds = sb.Dataset.from_tensor_slices(images).map(sb.RandomCrop(32, 48)).batch(4)
    >>> ds.element_spec.shape
    (4, 32, 48, 3)
    """

    height: int
    width: int
    padding: Any = None
    fill_value: float | tuple[float, ...] = 0.0

    draws: ClassVar[int] = 2
    by_frame: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse what is no size."""
        height, width = as_counts("RandomCrop", self.height, self.width)
        object.__setattr__(self, "height", height)
        object.__setattr__(self, "width", width)
        if self.padding is not None:
            object.__setattr__(self, "padding", as_margins(self.padding, "RandomCrop"))
        fill = as_numbers(self.fill_value, "RandomCrop: fill_value")
        object.__setattr__(self, "fill_value", fill)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component with the crop's height and width."""
        if self.padding is not None:
            spec = fold_padded(spec, self.padding, self.fill_value, "RandomCrop")
        spec = check_crop(spec, self.height, self.width, "RandomCrop")
        return replace(spec, height=self.height, width=self.width, placed=True)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Read from the drawn places."""
        if self.padding is not None:
            rows, columns = self.padding
            tables.geometry.pad(*rows, *columns)
        top = self._place(units[:, 0], tables.geometry.height - self.height)
        left = self._place(units[:, 1], tables.geometry.width - self.width)
        tables.geometry.crop(top, left, self.height, self.width)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image's crop."""
        if self.padding is not None:
            sample = pad_sample(sample, self.padding, self.fill_value)
        top = int(self._place(units[0], sample.shape[0] - self.height))
        left = int(self._place(units[1], sample.shape[1] - self.width))
        return sample[top : top + self.height, left : left + self.width]

    @staticmethod
    def _place(unit: Any, room: int) -> npt.NDArray[np.int64]:
        return np.asarray(unit * (room + 1)).astype(np.int64)
