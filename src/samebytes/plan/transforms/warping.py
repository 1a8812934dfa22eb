"""What all transforms share that read each pixel where a matrix says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec, Unfoldable
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import as_numbers, as_pair, need_factors, need_image
from samebytes.plan.transforms.padding import check_fill
from samebytes.plan.transforms.resampling import Resampling
from samebytes.plan.warping import CONSTANT, FILL_MODES, Stage, warp

__all__ = ["Warping", "as_range", "matrices_of"]


@dataclass(frozen=True, kw_only=True)
class Warping(Resampling):
    """A step that reads each pixel of a sample where one matrix says, of any that compose into it.

    Attributes
    ----------
    fill_mode : str
        What lies beside the image: ``"reflect"``, ``"wrap"``, ``"nearest"`` (its edge) or
        ``"constant"`` (`fill_value`), as in Keras.
    interpolation : str
        ``"bilinear"`` or ``"nearest"``.
    fill_value : float or tuple of float
        One, or one a channel.
    """

    fill_mode: str = "reflect"
    interpolation: str = "bilinear"
    fill_value: float | tuple[float, ...] = 0.0

    draws: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse what is no way to read."""
        name = type(self).__name__
        if self.fill_mode not in FILL_MODES:
            message = f"{name}(fill_mode={self.fill_mode!r}): expected one of {tuple(FILL_MODES)}"
            raise ValueError(message)
        if self.interpolation not in ("bilinear", "nearest"):
            message = (
                f"{name}(interpolation={self.interpolation!r}): expected 'bilinear' or 'nearest'"
            )
            raise ValueError(message)
        fill = as_numbers(self.fill_value, f"{name}: fill_value")
        object.__setattr__(self, "fill_value", fill)

    @property
    def way(self) -> tuple[str, bool]:
        """The interpolation, and whether with antialias."""
        return self.interpolation, False

    def matrices(self, units: Floats, height: int, width: int) -> Floats:
        """Return where pixel (x, y, 1) of each sample is read, shape (n, 3, 3)."""
        raise NotImplementedError

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component of the same size, in float32 unless by nearest."""
        name = type(self).__name__
        spec = need_image(spec, name)
        found = self.fold_resampled(spec, spec.height, spec.width)
        if self.fill_mode == "constant":
            need_factors(spec, name, fill_value=self.fill_value)
            if self.interpolation == "nearest":
                check_fill(spec, self.fill_value, name)
        if spec.fill is not None:
            message = f"{name} follows a step that pads"
            raise Unfoldable(message)
        if spec.linear and self.interpolation == "nearest" and self.fill_mode == "constant":
            message = f"{name} fills with a value, and follows a step that calculates with values"
            raise Unfoldable(message)
        return replace(found, warped=True)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Read by the drawn matrices."""
        fill = np.atleast_1d(np.asarray(self.fill_value, np.float64))
        affine, mode = tables.affine, FILL_MODES[self.fill_mode]
        if mode == CONSTANT and affine.scale.size and (affine.scale != 0).all():
            # What becomes of values does so behind the map: there the value comes out.
            fill = (fill - affine.offset[0]) / affine.scale[0] + affine.center[0]
        size = tables.geometry.height, tables.geometry.width
        tables.geometry.warp(self.matrices(units, *size), mode, fill)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, by bilinear in float64."""
        height, width = sample.shape[:2]
        found = self.matrices(units[np.newaxis], height, width)
        fill = np.atleast_1d(np.asarray(self.fill_value, np.float64))
        sizes = np.array([[width, height]], np.float64)
        stage = Stage(found, sizes, FILL_MODES[self.fill_mode], fill)
        return warp(sample, [stage], height, width, nearest=self.interpolation == "nearest")


def matrices_of(*numbers: Any) -> Floats:
    """Return matrices of nine numbers or columns of them, row by row."""
    rows = np.stack(np.broadcast_arrays(*(np.atleast_1d(number) for number in numbers)), axis=-1)
    found: Floats = rows.reshape(-1, 3, 3).astype(np.float64)
    return found


def as_range(
    value: Any, what: str, low: float, high: float, *, least: float | None = None
) -> tuple[float, float]:
    """Return (lower, upper) of one number, which stands for both signs of it, or of two.

    Parameters
    ----------
    value : float or (float, float)
        What came.
    what : str
        What it is, for people.
    low, high : float
        Between which it has to lie.
    least : float, optional
        What one number stands for the lower end with, instead of its negative.
    """
    given = value
    if not np.ndim(value) and not isinstance(value, str):
        value = (-abs(value) if least is None else least, abs(value))
    lower, upper = as_pair(value, what)
    if not low <= lower <= upper <= high:
        message = f"{what} {given}: expected {low:g} <= lower <= upper <= {high:g}"
        raise ValueError(message)
    return lower, upper
