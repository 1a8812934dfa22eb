"""The middle of each image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_counts, need_image

__all__ = ["CenterCrop"]


@dataclass(frozen=True)
class CenterCrop(Transform):
    """The `height` by `width` pixels in the middle of each image; folded, reads nothing else.

    Values are those of ``keras.layers.CenterCrop``; an image smaller than the crop is refused
    where Keras would resample it.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images = np.arange(16, dtype="uint8").reshape(1, 4, 4, 1)
    >>> ds = sb.Dataset.from_tensor_slices(images).map(sb.CenterCrop(2, 2)).batch(1)
    >>> next(iter(ds))[0, ..., 0]
    array([[ 5,  6],
           [ 9, 10]], dtype=uint8)
    """

    height: int
    width: int

    by_frame: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse what is no size."""
        height, width = as_counts("CenterCrop", self.height, self.width)
        object.__setattr__(self, "height", height)
        object.__setattr__(self, "width", width)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component with the crop's height and width."""
        spec = check_crop(spec, self.height, self.width, "CenterCrop")
        return replace(spec, height=self.height, width=self.width, placed=True)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Read from the middle; no draw."""
        top = (tables.geometry.height - self.height) // 2
        left = (tables.geometry.width - self.width) // 2
        tables.geometry.crop(top, left, self.height, self.width)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return the middle of one image."""
        top = (sample.shape[0] - self.height) // 2
        left = (sample.shape[1] - self.width) // 2
        return sample[top : top + self.height, left : left + self.width]


def check_crop(spec: ComponentSpec, height: int, width: int, what: str) -> ComponentSpec:
    """Return the component as one of images, or refuse a crop that is larger."""
    spec = need_image(spec, what)
    spec.need(not spec.mixed, f"{what} moves what was mixed")
    spec.need(not spec.spread, f"{what} leaves out neighbours that were blurred in")
    if height > spec.height or width > spec.width:
        message = (
            f"{what}({height}, {width}) is larger than the images of {spec.height} by "
            f"{spec.width}; crop less, or resize the images first"
        )
        raise ValueError(message)
    return spec
