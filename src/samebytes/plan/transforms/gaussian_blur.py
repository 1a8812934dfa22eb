"""Images blurred or sharpened, by a strength of its own for each."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.stages import BLUR, MOST_LEVELS, Done
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_range, by_place
from samebytes.plan.transforms.random_brightness import check_range

__all__ = ["GaussianBlur", "RandomSharpness", "sharpened", "sharpness_shares"]

LARGEST = 255
"""The largest kernel; beyond it a smaller image is blurred faster."""


@dataclass(frozen=True)
class GaussianBlur(Transform):
    """Each image blurred by a Gaussian kernel of its own width; folded.

    Named as torchvision's, with its arguments and its values: rows and columns one after the other,
    the image reflected beyond its border. A ring of `kernel_size` rows a thread is all the memory
    that it takes.

    Parameters
    ----------
    kernel_size : int
        Pixels of the kernel along each axis, an odd number.
    sigma : float or (float, float)
        Standard deviation of the kernel in pixels, or a range that it is uniform in.
    """

    kernel_size: int
    sigma: float | tuple[float, float] = (0.1, 2.0)

    draws: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse kernels that are none."""
        size = operator.index(self.kernel_size)
        if not 1 <= size <= LARGEST or size % 2 == 0:
            message = (
                f"GaussianBlur: kernel_size {size}; expected an odd number from 1 to {LARGEST}"
            )
            raise ValueError(message)
        object.__setattr__(self, "kernel_size", size)
        found = as_range(self.sigma, "GaussianBlur: sigma", 0, 1e6, single=(1.0, 1.0))
        if found[0] <= 0:
            message = f"GaussianBlur: sigma {self.sigma}; expected numbers above 0"
            raise ValueError(message)
        object.__setattr__(self, "sigma", found)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        return _spread(spec, "GaussianBlur", self.kernel_size // 2)

    def _weights(self, units: Floats) -> Floats:
        """Return weights from the middle on, a row for each draw."""
        lower, upper = self.sigma  # type: ignore[misc]
        sigma = lower + (upper - lower) * units[..., :1]
        found = np.exp(-0.5 * (np.arange(self.kernel_size // 2 + 1) / sigma) ** 2)
        even: Floats = found / (2 * found[..., 1:].sum(-1, keepdims=True) + found[..., :1])
        return even

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Weigh neighbours in."""
        tables.do(Done.all(BLUR, self.kernel_size // 2, 0, 1, 0, *self._weights(units).T))

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        return _blurred(np.asarray(sample, np.float64), self._weights(units))


@dataclass(frozen=True)
class RandomSharpness(Transform):
    """Each image blended with a smoothed one, towards it or away from it; folded.

    Named as ``keras.layers.RandomSharpness``, with its arguments; values are those of torchvision's
    ``adjust_sharpness``. Deliberately different from Keras: the pixels of the border stay as they
    are, where Keras takes what lies beyond it for black.

    Parameters
    ----------
    factor : float or (float, float)
        From 0 for smooth by 0.5 for no change to 1 for sharper, uniform in this range. One number
        stands for (0, factor).
    value_range : (float, float)
        Of the values as they are when they come here, to which results are clipped.
    """

    factor: float | tuple[float, float]
    value_range: tuple[float, float] = (0, 255)

    draws: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse factors and ranges that are none."""
        object.__setattr__(self, "factor", as_range(self.factor, "RandomSharpness: factor", 0, 1))
        object.__setattr__(self, "value_range", check_range(self.value_range, "RandomSharpness"))

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32, with bounds."""
        return replace(_spread(spec, "RandomSharpness", 1), clipped=True)

    def _shares(self, unit: Any) -> tuple[Any, Any]:
        """Return the shares of the pixel itself, and of the sum of it and its eight neighbours."""
        return sharpness_shares(self._kept(unit))

    def _kept(self, unit: Any) -> Any:
        lower, upper = self.factor  # type: ignore[misc]
        return 2 * (lower + (upper - lower) * unit)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Weigh neighbours in and clip."""
        tables.do(Done.all(BLUR, 1, *self._shares(units[:, 0]), 1, 1, 1))
        tables.affine.clip(*self.value_range)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        return sharpened(np.array(sample, np.float64), self._kept(units[0]), self.value_range)


def sharpness_shares(kept: Any) -> tuple[Any, Any]:
    """Return the shares of a pixel, and of the sum of it and its eight neighbours.

    `kept` is the share of the image, the rest that of the smoothed one: (4 pixels + that sum) / 13.
    """
    return kept + (1 - kept) * 4 / 13, (1 - kept) / 13


def sharpened(image: Floats, kept: Any, value_range: tuple[float, float]) -> Floats:
    """Return an image blended with a smoothed one but for its border, and clipped."""
    found = np.array(image)
    if min(found.shape[:2]) > 2:
        inner = slice(1, -1), slice(1, -1)
        share, blended = sharpness_shares(kept)
        found[inner] = found[inner] * share + _blurred(found, np.ones(2))[inner] * blended
    result: Floats = np.clip(found, *value_range)
    return result


def _spread(spec: ComponentSpec, what: str, reach: int) -> ComponentSpec:
    """Return what becomes of images whose pixels take from neighbours within a reach."""
    found = by_place(spec, what, 0.0)
    if reach >= min(spec.height, spec.width) and reach > 1:
        message = (
            f"{what} reaches {reach} pixels, beyond images of {spec.height} by {spec.width}; "
            "take a smaller kernel"
        )
        raise ValueError(message)
    spec.need(not spec.mixed, f"{what} takes from neighbours, which are mixed line by line")
    spec.need(spec.spread < MOST_LEVELS, f"{what} is one too many that take from neighbours")
    return replace(found, spread=spec.spread + 1)


def _blurred(image: Floats, weights: Floats) -> Floats:
    """Return an image blurred along rows and columns, reflected beyond its border."""
    reach = len(weights) - 1
    for axis in (0, 1):
        size = image.shape[axis]
        places = np.abs(np.arange(-reach, size + reach))
        places = np.where(places < size, places, 2 * (size - 1) - places)
        wide = image.take(places, axis)
        parts = [
            wide.take(range(start, start + size), axis) * weights[abs(start - reach)]
            for start in range(2 * reach + 1)
        ]
        image = np.sum(parts, axis=0)
    return image
