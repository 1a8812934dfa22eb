"""Two samples mixed, and their labels in the same proportion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.partners import beta
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, calculated, need_numbers

__all__ = ["CutMix", "MixUp", "Mixing"]

MOST = 1e4


@dataclass(frozen=True)
class Mixing(Transform):
    """What mixes a sample with another one: how much of it, and where."""

    draws: ClassVar[int] = 4
    """Which partner, how much, and where: row and column."""

    alpha: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no parameter of a distribution."""
        name, given = type(self).__name__, self.alpha
        number = np.asarray(given)
        if number.ndim or number.dtype.kind not in "iuf" or not 0 < number <= MOST:
            message = f"{name}: alpha {given}; expected a number above 0 and up to {MOST:g}"
            raise ValueError(message)
        object.__setattr__(self, "alpha", float(number))

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        name = type(self).__name__
        if spec.alone:
            message = (
                f"{name} mixes with samples that the pass reads, so it cannot follow what runs "
                "after it; put it in front of that"
            )
            raise ValueError(message)
        if spec.mixed:
            message = f"{name} follows another one; what is mixed already has no partner"
            raise ValueError(message)
        if spec.classes:
            return replace(spec, mixed=True)
        need_numbers(spec, name)
        if not spec.is_image:
            message = (
                f"{name} mixes images, and labels in the same proportion; got {spec.dtype.name} of "
                f"the shape {spec.shape}. Put OneHot(classes) in front of it for labels, or name "
                "what it is for with on="
            )
            raise ValueError(message)
        facts = calculated(spec)
        return replace(spec, staged=True, pointwise=False, by_place=True, mixed=True, **facts)

    def weights(self, units: Floats, height: int, width: int) -> tuple[Floats, Any]:
        """Return the share of the partner, (...,), and where it is mixed in, (..., 4).

        A place is top, bottom, left and right.
        """
        raise NotImplementedError

    def label_weights(self, units: Floats, height: int, width: int) -> Floats:
        """Return the share of the partner in the whole image, for its label."""
        share, box = self.weights(units, height, width)
        area = (box[..., 1] - box[..., 0]) * (box[..., 3] - box[..., 2])
        found: Floats = share * (area / (height * width))
        return found

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Change no number: the pass mixes what it has read of both."""

    def mix(
        self,
        sample: npt.NDArray[Any],
        other: npt.NDArray[Any],
        units: Floats,
        size: tuple[int, int],
    ) -> npt.NDArray[Any]:
        """Return a sample mixed with another one, an image or a label: plain NumPy."""
        found = np.array(sample, np.float64)
        if found.ndim == 1:
            share = self.label_weights(units, *size)
            return found + (other - found) * share
        share, (top, bottom, left, right) = self.weights(units, *size)
        part = found[top:bottom, left:right]
        found[top:bottom, left:right] = part + (other[top:bottom, left:right] - part) * share
        return found

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Refuse: a sample alone has no partner; see `mix`."""
        message = f"{type(self).__name__} needs two samples"
        raise TypeError(message)


@dataclass(frozen=True)
class MixUp(Mixing):
    """Each image blended with another one, and their labels in the same proportion; folded.

    Named as ``keras.layers.MixUp``. The share of the sample itself is drawn from a beta
    distribution with both parameters `alpha`. Deliberately different: the other sample is any of
    the dataset, drawn by (seed, epoch, sample), where Keras and torchvision shuffle a batch; so the
    size of batches and the number of processes change nothing. Its own crop, flip and colours are
    those of its own draws. Both are read in the pass, and the batch is still written once.

    By default all components are mixed: images, and labels that `OneHot` made.

    Parameters
    ----------
    alpha : float
        Below 1 most mixtures are nearly one of both, at 1 any share is equally likely.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images, labels = np.zeros((8, 4, 4, 3), "uint8"), np.arange(8) % 2
    >>> ds = sb.Dataset.from_tensor_slices((images, labels))
    >>> ds = ds.map(sb.OneHot(2), on=1).map(sb.MixUp(0.2, seed=0)).batch(4)
    >>> next(iter(ds))[1].sum(1).round(6).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    alpha: float = 0.2

    def weights(self, units: Floats, height: int, width: int) -> tuple[Floats, Any]:
        """Return the share of the partner, everywhere."""
        box = np.broadcast_to((0, height, 0, width), (*units.shape[:-1], 4))
        return 1 - beta(self.alpha, units[..., 1]), box


@dataclass(frozen=True)
class CutMix(Mixing):
    """A rectangle of each image out of another one, and their labels in proportion; folded.

    Named as ``keras.layers.CutMix``, and as torchvision's, whose `alpha` it has: the share of the
    image that is kept is drawn from a beta distribution, and the rectangle has the sides of the
    image times the square root of the rest, around a middle anywhere, cut off at the borders; the
    label's share is that of the pixels. Partners are as for `MixUp`.

    Parameters
    ----------
    alpha : float
        1 makes any share equally likely.
    """

    alpha: float = 1.0

    def weights(self, units: Floats, height: int, width: int) -> tuple[Floats, Any]:
        """Return the rectangle, in which the partner alone is seen."""
        shape = np.array((height, width))
        half = np.sqrt(1 - beta(self.alpha, units[..., 1]))[..., np.newaxis] * shape / 2
        middle = units[..., 2:] * shape
        first = np.clip(np.floor(middle - half), 0, shape)
        last = np.clip(np.floor(middle + half), 0, shape)
        box = np.stack([first, last], axis=-1).astype(np.int64).reshape(*units.shape[:-1], 4)
        return np.ones(units.shape[:-1]), box
