"""Channels before height and width, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.dataset.fold import Floats, Fold, Means, Tables, Unfoldable
from samebytes.dataset.transforms.base import Transform, need_image

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

    def fold(self, fold: Fold) -> Fold:
        """Give the component with channels first."""
        need_image(fold, "ChannelsFirst")
        if fold.planar:
            message = "ChannelsFirst: the channels come first already"
            raise ValueError(message)
        return replace(fold, planar=True)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Change no number: the pass writes the layout."""

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Give one image with channels first."""
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

    def fold(self, fold: Fold) -> Fold:
        """Give the component with channels last."""
        need_image(fold, "ChannelsLast")
        if fold.planar:
            return replace(fold, planar=False)
        if fold.linear or fold.placed or fold.source_planar:
            message = "ChannelsLast comes first, or after ChannelsFirst"
            raise Unfoldable(message)
        channels, height, width = fold.shape
        return replace(fold, source_planar=True, height=height, width=width, channels=channels)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Change no number: the pass writes the layout."""

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Give one image with channels last."""
        return np.moveaxis(sample, 0, -1)
