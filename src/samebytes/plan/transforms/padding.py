"""Pixels of one value around each image."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import NUMBERS, ComponentSpec, Unfoldable
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_numbers, need_factors, need_image
from samebytes.plan.transforms.cast import cast_values

__all__ = ["Margins", "Padding", "as_margins", "check_fill", "fold_padded", "pad_sample"]

Margins = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Padding(Transform):
    """Each image with a margin of `fill_value`; folded: the margin is written, nothing is copied.

    What ``keras.layers.ZeroPadding2D`` does, and ``torchvision.transforms.Pad`` with one value.

    Parameters
    ----------
    padding : int, (int, int) or ((int, int), (int, int))
        Pixels on all sides; or above and below, left and right; or each of the four.
    fill_value : float or tuple of float
        Of the values as they are when they come here; one, or one a channel.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images = np.full((1, 1, 2, 1), 7, "uint8")
    >>> ds = sb.Dataset.from_tensor_slices(images).map(sb.Padding(1)).batch(1)
    >>> next(iter(ds))[0, ..., 0]
    array([[0, 0, 0, 0],
           [0, 7, 7, 0],
           [0, 0, 0, 0]], dtype=uint8)
    """

    padding: int | tuple[int, int] | Margins
    fill_value: float | tuple[float, ...] = 0.0

    by_frame: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse what is no margin, and no value."""
        object.__setattr__(self, "padding", as_margins(self.padding, "Padding"))
        fill = as_numbers(self.fill_value, "Padding: fill_value")
        object.__setattr__(self, "fill_value", fill)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component with room for the margin."""
        return fold_padded(spec, self.padding, self.fill_value, "Padding")  # type: ignore[arg-type]

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Begin outside of the image; no draw."""
        rows, columns = self.padding  # type: ignore[misc]
        tables.geometry.pad(*rows, *columns)  # type: ignore[misc]

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image with its margin."""
        return pad_sample(sample, self.padding, self.fill_value)  # type: ignore[arg-type]


def as_margins(padding: Any, what: str) -> Margins:
    """Return ((above, below), (left, right)) of one number, two, or two pairs."""
    pairs = padding if isinstance(padding, tuple | list) else (padding, padding)
    pairs = [pair if isinstance(pair, tuple | list) else (pair, pair) for pair in pairs]
    if len(pairs) != 2 or any(len(pair) != 2 for pair in pairs):
        message = (
            f"{what}: padding {padding!r}: expected a number of pixels, two of them (for rows and "
            "columns), or two pairs"
        )
        raise ValueError(message)
    (above, below), (left, right) = ([operator.index(value) for value in pair] for pair in pairs)
    if min(above, below, left, right) < 0:
        message = f"{what}: padding {padding!r}: expected no negative numbers of pixels"
        raise ValueError(message)
    return (above, below), (left, right)


def fold_padded(spec: ComponentSpec, margins: Margins, fill: Any, what: str) -> ComponentSpec:
    """Return a component with room for margins of a value.

    Raises
    ------
    Unfoldable
        Behind what calculates or resamples: the value then means something else than in the
        source; and behind margins of another value.
    """
    spec = need_image(spec, what)
    if spec.source_dtype.name not in NUMBERS:
        message = f"{what} pads with numbers; items of {spec.source_dtype} are none"
        raise ValueError(message)
    need_factors(spec, what, fill_value=fill)
    fills = check_fill(spec, fill, what)
    if spec.linear or spec.resampling is not None:
        done = "calculates with values" if spec.resampling is None else "resamples"
        message = f"{what} follows a step that {done}"
        raise Unfoldable(message)
    if spec.fill not in (None, fills):
        message = f"{what} pads with {fill} what was padded with {spec.fill} already"
        raise Unfoldable(message)
    rows, columns = margins
    height, width = spec.height + sum(rows), spec.width + sum(columns)
    return replace(spec, height=height, width=width, placed=True, fill=fills)


def check_fill(spec: ComponentSpec, fill: Any, what: str) -> tuple[float, ...]:
    """Return values to fill with, or refuse those that the source could not hold."""
    fills = tuple(np.atleast_1d(np.asarray(fill, np.float64)).tolist())
    if spec.source_dtype.kind in "iub":
        held = cast_values(np.array(fills), spec.source_dtype).astype(np.float64)
        if (held != np.array(fills)).any():
            message = f"{what}: fill_value {fill} is no value of {spec.source_dtype}"
            raise ValueError(message)
    return fills


def pad_sample(sample: npt.NDArray[Any], margins: Margins, fill: Any) -> npt.NDArray[Any]:
    """Return one image with margins of a value."""
    (above, below), (left, right) = margins
    height, width, channels = sample.shape
    shape = above + height + below, left + width + right, channels
    found = np.empty(shape, sample.dtype)
    found[:] = cast_values(np.asarray(fill, np.float64), sample.dtype)
    found[above : above + height, left : left + width] = sample
    return found
