"""What all transforms share that give pixels new values from their neighbours'."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec, Unfoldable
from samebytes.plan.filters import INTERPOLATIONS, NEAREST, resample
from samebytes.plan.geometry import scale_axes
from samebytes.plan.transforms.base import On, Transform, calculated, need_image, need_numbers

__all__ = ["Resampling", "check_interpolation", "resample_box"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Resampling(Transform):
    """A step that resamples; all those of a chain compose into one map, resampled once.

    Attributes
    ----------
    on_masks : name, place, or tuple of them, optional
        Components that are masks: they share the draws, and are resampled by `mask_interpolation`.
        Of `on`, those of bool, and those named mask, masks or segmentation_masks, are masks too.
    mask_interpolation : str
        By default ``"nearest"``, which moves labels as they are.
    """

    on_masks: On = None
    mask_interpolation: str = "nearest"

    by_frame: ClassVar[bool] = True
    resamples: ClassVar[bool] = True
    """Whether pixels get new values from their neighbours'."""

    @property
    def on_all(self) -> On:
        """Which components it is done to, masks included."""
        if self.on is None or self.on_masks is None:
            return self.on
        both = [on if isinstance(on, tuple) else (on,) for on in (self.on, self.on_masks)]
        return (*both[0], *both[1])

    def for_mask(self) -> Transform:
        """Return the same by the interpolation of masks; margins of one value a channel are 0."""
        changed: dict[str, Any] = {"interpolation": self.mask_interpolation}
        if isinstance(getattr(self, "fill_value", 0.0), tuple):
            changed["fill_value"] = 0.0
        return replace(self, **changed)

    @property
    def way(self) -> tuple[str, bool]:
        """The interpolation, and whether with antialias."""
        raise NotImplementedError

    def fold_resampled(self, spec: ComponentSpec, height: int, width: int) -> ComponentSpec:
        """Return the component with another size; what is no weighted sum keeps its dtype.

        Raises
        ------
        Unfoldable
            If it would be resampled twice in different ways, or after a clip or a rounding: those
            give other values behind it than in front of it.
        """
        name = type(self).__name__
        spec = need_image(spec, name)
        if spec.resampling not in (None, self.way):
            before, now = (_described(*way) for way in (spec.resampling, self.way))
            message = f"{name} resamples by {now} what was resampled by {before} already"
            raise Unfoldable(message)
        sized = replace(spec, height=height, width=width, placed=True, resampling=self.way)
        if self.way[0] == "nearest":
            return sized
        need_numbers(spec, name)
        if spec.clipped:
            message = f"{name} follows a step that clips, and resamples what that has clipped"
            raise Unfoldable(message)
        return replace(sized, **calculated(sized))


def _described(interpolation: str, antialias: bool) -> str:  # noqa: FBT001 - a pair, unpacked
    return f"{interpolation} with antialias" if antialias else interpolation


def check_interpolation(what: str, interpolation: Any, antialias: Any) -> None:
    """Refuse an interpolation that is none."""
    if interpolation not in INTERPOLATIONS:
        known = ", ".join(map(repr, INTERPOLATIONS))
        message = f"{what}(interpolation={interpolation!r}): expected one of {known}"
        raise ValueError(message)
    if not isinstance(antialias, bool):
        message = f"{what}(antialias={antialias!r}): expected True or False"
        raise TypeError(message)


def resample_box(
    sample: Array, box: tuple[int, int, int, int], way: tuple[str, bool], height: int, width: int
) -> Array:
    """Return the box (top, left, height, width) of an image as `height` by `width` pixels."""
    top, left, rows, columns = box
    kind = INTERPOLATIONS[way[0]]
    axes = scale_axes(rows, columns, height, width)[0]
    chosen = sample[top : top + rows, left : left + columns]
    return resample(chosen, kind, axes, height, width, antialias=way[1] and kind != NEAREST)
