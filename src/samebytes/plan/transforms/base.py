"""What every transform is: a frozen description that folds, draws, and works on one sample."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import NUMBERS, ComponentSpec, Unfoldable
from samebytes.plan.tables import Floats, Means, Tables

__all__ = [
    "On",
    "Transform",
    "as_counts",
    "as_numbers",
    "as_pair",
    "as_range",
    "by_place",
    "calculated",
    "measured",
    "need_colours",
    "need_factors",
    "need_image",
    "need_numbers",
    "pointwise",
]

On = str | int | tuple[str | int, ...] | None


@dataclass(frozen=True, kw_only=True)
class Transform:
    """A step on some components of each sample.

    Attributes
    ----------
    on : name, place, or tuple of them, optional
        Which components; by default the first one that fits. Several share one draw.
    seed : int, optional
        Of this transform's draws; by default the dataset's.
    """

    on: On = None
    seed: int | None = None

    draws: ClassVar[int] = 0
    """Random numbers a sample needs."""
    by_frame: ClassVar[bool] = False
    """Whether it is for images, and of clips and volumes is done to each of their images."""
    resamples: ClassVar[bool] = False
    """Whether it gives pixels new values from their neighbours'; such steps compose into one."""

    @property
    def on_all(self) -> On:
        """Which components it is done to: those of `on`, and others that it has for some reason."""
        return self.on

    def for_mask(self) -> Transform:
        """Return what is done to masks beside images, with the same draws."""
        return self

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return what the component is after this; never touches data.

        Raises
        ------
        Unfoldable
            If it cannot join the pass.
        ValueError
            If it cannot be done at all.
        """
        raise NotImplementedError

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Write this step into the batch's tables.

        Parameters
        ----------
        tables : Tables
            Of the steps before this one; changed in place.
        units : ndarray of float64, shape (n, draws)
            Draws in [0, 1), owned by (seed, epoch, sample, transform).
        means : callable
            Gives the channel means of what the tables describe, shape (n, factors).
        """
        raise NotImplementedError

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one sample after this step: plain NumPy, the reference of every fast path."""
        raise NotImplementedError


def need_image(spec: ComponentSpec, what: str, *, frames: bool = True) -> ComponentSpec:
    """Return a component of images, or, with `frames`, of several a sample; refuse others."""
    if frames and len(spec.shape) > 3 and not spec.framed:
        height, width, channels = spec.shape[-3:]
        spec = replace(spec, framed=True, height=height, width=width, channels=channels)
    if len(spec.shape) > 3 and not frames:
        message = (
            f"{what} needs samples of one image; got the shape {spec.shape}, of several. Make each "
            "a sample, x.reshape(-1, *x.shape[-3:]), or use map(function)"
        )
        raise ValueError(message)
    if not spec.framed and (len(spec.shape) != 3 or spec.lead):
        message = (
            f"{what} needs samples with the axes height, width, channels; got the shape "
            f"{spec.shape}. {_axes_way_out(spec)}"
        )
        raise ValueError(message)
    if not spec.is_image:
        message = f"{what} works on numbers; items of {spec.source_dtype} can only be copied"
        raise ValueError(message)
    return spec


def need_colours(spec: ComponentSpec, what: str) -> None:
    """Refuse what has not the three channels that a colour is made of."""
    need_image(spec, what, frames=False)
    need_numbers(spec, what)
    if spec.channels != 3:
        message = (
            f"{what} mixes red, green and blue, so it needs images of 3 channels; got "
            f"{spec.channels}, of the shape {spec.shape}. Name the images in colour with on="
        )
        raise ValueError(message)


def _axes_way_out(spec: ComponentSpec) -> str:
    """Return what to do with samples that have other axes than an image, by their number."""
    named = "Name the images with on="
    if spec.lead:
        return (
            f"{named}; windows over time are no images: change the rows before they become a "
            "dataset, or the windows in a function of your own, map(function)"
        )
    if len(spec.shape) == 2:
        return f"{named}, or add the axis of channels: x[..., None]"
    axes = "axis" if len(spec.shape) == 1 else "axes"
    return f"{named}, or reshape the samples, which have {len(spec.shape)} {axes}, to three"


def need_numbers(spec: ComponentSpec, what: str) -> None:
    """Refuse to calculate with what is no number, was rounded already, or is a vector by now."""
    spec.need(not spec.classes, f"{what} follows OneHot")
    if spec.source_dtype.name not in NUMBERS:
        message = f"{what} calculates with real numbers; got {spec.dtype.name}"
        raise ValueError(message)
    if spec.rounded:
        message = f"{what} follows a Cast to {spec.dtype.name}, which has rounded already"
        raise Unfoldable(message)


def need_factors(spec: ComponentSpec, what: str, **values: Any) -> None:
    """Refuse as many numbers as there are neither samples' channels nor one."""
    for name, value in values.items():
        if np.ndim(value) and len(value) != spec.factors:
            axis = "channels" if spec.is_image else "values along the last axis"
            message = f"{what} has {len(value)} values of {name} for {spec.factors} {axis}"
            raise ValueError(message)


USUAL_EXPONENT = 40
"""Numbers from 2**-40 to 2**40: three of them multiplied are still inside of float32."""


def calculated(spec: ComponentSpec, *numbers: npt.ArrayLike) -> dict[str, Any]:
    """Return the fields that calculating changes: float32 as in Keras, unless a Cast chose else.

    `numbers` are what is calculated with; extreme ones take float64.
    """
    floating = spec.dtype.kind == "f" or spec.dtype.name == "bfloat16"
    dtype = spec.dtype if spec.chosen and floating else np.dtype(np.float32)
    _, exponents = np.frexp(
        np.concatenate([np.ravel(number) for number in (0.0, *numbers)]).astype(float)
    )
    extreme = spec.extreme or bool((np.abs(exponents) > USUAL_EXPONENT).any())
    return {"linear": True, "dtype": dtype, "extreme": extreme}


def pointwise(
    spec: ComponentSpec, what: str, numbers: npt.ArrayLike, *, drawn: bool
) -> ComponentSpec:
    """Return what a function of one value makes of a component, as float32.

    `drawn` says whether samples differ in it: tables of 16 bits are too large to have one for each.
    """
    need_numbers(spec, what)
    spec.need(spec.is_image, f"{what} folds for images only")
    few = spec.source_dtype.itemsize == 1
    kept = spec.pointwise and (few or not drawn)
    return replace(spec, staged=True, pointwise=kept, **calculated(spec, numbers))


def by_place(spec: ComponentSpec, what: str, numbers: npt.ArrayLike) -> ComponentSpec:
    """Return what becomes of images in which something is done at places, as float32."""
    need_image(spec, what, frames=False)
    need_numbers(spec, what)
    return replace(spec, staged=True, pointwise=False, by_place=True, **calculated(spec, numbers))


def measured(spec: ComponentSpec, what: str, numbers: npt.ArrayLike) -> ComponentSpec:
    """Return what becomes of images that are read once more, to measure them first."""
    need_image(spec, what, frames=False)
    need_numbers(spec, what)
    spec.need(not spec.mixed, f"{what} measures what is mixed in the pass")
    again = spec.read_again + spec.height * spec.width * spec.channels
    return replace(spec, read_again=again, **calculated(spec, numbers))


def as_numbers(value: Any, what: str) -> float | tuple[float, ...]:
    """Return a number, or a tuple of one a channel, which compares and prints."""
    array = np.asarray(value, np.float64)
    if array.ndim > 1:
        message = (
            f"{what} must be a finite number, or one a channel along a single axis; got the shape "
            f"{array.shape}. What differs along other axes is for a function: map(lambda x: ...)"
        )
        raise ValueError(message)
    if array.size == 0 or not np.isfinite(array).all():
        message = f"{what} must be a finite number, or one a channel; got {value!r}"
        raise ValueError(message)
    return tuple(array.tolist()) if array.ndim else float(array)


def as_pair(value: Any, what: str) -> tuple[float, float]:
    """Return two numbers of whatever kind they came."""
    array = np.asarray(value)
    if array.shape != (2,) or array.dtype.kind not in "biuf":
        message = f"{what} of shape {array.shape} ({array.dtype}): expected two numbers"
        raise ValueError(message)
    return float(array[0]), float(array[1])


def as_range(
    value: Any, what: str, least: float, most: float, single: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Return a range to draw from, within bounds.

    One number stands for the range from `least` to it, as in Keras; or, with `single`, from and to
    that many times it.
    """
    given = value
    if np.ndim(value) == 0 and not isinstance(value, str):
        below, above = single or (0.0, 1.0)
        given = (below * value if single else least, above * value)
    lower, upper = as_pair(given, what)
    if not least <= lower <= upper <= most:
        message = f"{what} {value}; expected a range with {least:g} <= lower <= upper <= {most:g}"
        raise ValueError(message)
    return lower, upper


def as_counts(what: str, *values: Any) -> tuple[int, ...]:
    """Return whole numbers of 1 or more, of whatever kind they came."""
    counts = tuple(operator.index(value) for value in values)
    if min(counts) < 1:
        message = f"{what}{counts}: expected a height and a width of 1 or more"
        raise ValueError(message)
    return counts
