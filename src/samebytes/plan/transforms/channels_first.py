"""Channels before height and width, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec, Unfoldable
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, need_image

__all__ = ["ChannelsFirst", "ChannelsLast"]


@dataclass(frozen=True)
class ChannelsFirst(Transform):
    """Images as (channels, height, width); folded, the pass writes them so.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> ds = sb.Dataset.from_tensor_slices(np.zeros((8, 64, 48, 3), "uint8"))
    >>> ds.map(sb.ChannelsFirst()).batch(4).element_spec.shape
    (4, 3, 64, 48)
    """

    by_frame: ClassVar[bool] = True

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component with channels first."""
        spec = need_image(spec, "ChannelsFirst")
        if spec.planar:
            message = "ChannelsFirst: the channels come first already"
            raise ValueError(message)
        return replace(spec, planar=True)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Change no number: the pass writes the layout."""

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image with channels first."""
        return np.moveaxis(sample, -1, 0)


@dataclass(frozen=True)
class ChannelsLast(Transform):
    """Images as (height, width, channels), from (channels, height, width); folded.

    The inverse of `ChannelsFirst`; as the first step it is for images that are stored so.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> ds = sb.Dataset.from_tensor_slices(np.zeros((8, 3, 64, 48), "uint8"))
    >>> ds.map(sb.ChannelsLast()).map(sb.CenterCrop(32, 32)).batch(4).element_spec.shape
    (4, 32, 32, 3)
    """

    by_frame: ClassVar[bool] = True

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component with channels last."""
        spec = need_image(spec, "ChannelsLast")
        if spec.planar:
            return replace(spec, planar=False)
        if spec.linear or spec.placed or spec.source_planar:
            message = "ChannelsLast comes first, or after ChannelsFirst"
            raise Unfoldable(message)
        channels, height, width = spec.shape[-3:]
        return replace(spec, source_planar=True, height=height, width=width, channels=channels)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Change no number: the pass writes the layout."""

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image with channels last."""
        return np.moveaxis(sample, 0, -1)
