"""Several steps that resample, as what they mean together: one map of one sample, resampled once.

By plain NumPy, for the oracle. What lies between such steps is linear, or it would have cut the
chain; so it may come behind them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from samebytes.plan.affine import Affine, Floats
from samebytes.plan.filters import INTERPOLATIONS, resample
from samebytes.plan.geometry import Geometry
from samebytes.plan.plan import Step
from samebytes.plan.tables import Tables, unmeasured
from samebytes.plan.transforms.channels_first import ChannelsFirst, ChannelsLast
from samebytes.plan.transforms.resampling import Resampling
from samebytes.plan.warping import warp

__all__ = ["resample_once"]


def resample_once(
    steps: Sequence[Step], leaf: int, drawn: Sequence[Floats], sample: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Return one sample after steps of which the first and the last one resample."""
    planar = leaf in steps[0].planar
    image = np.moveaxis(sample, 0, -1) if planar else sample
    tables = Tables(Geometry.whole(*image.shape[:2]), Affine.identity(image.shape[2]))
    for step, units in zip(steps, drawn, strict=True):
        step.transform.tabulate(tables, units, unmeasured)
        if isinstance(step.transform, ChannelsFirst | ChannelsLast):
            planar = isinstance(step.transform, ChannelsFirst)
    geometry, affine = tables.geometry, tables.affine
    interpolation, antialias = cast("Resampling", steps[0].transform).way
    if geometry.stages:
        rows, columns = geometry.boxes()[0, 0:2], geometry.boxes()[0, 2:4]
        box = image[slice(*rows), slice(*columns)]
        box = box[:: geometry.steps[0, 1], :: geometry.steps[0, 3]]
        size, nearest = (geometry.height, geometry.width), interpolation == "nearest"
        found = warp(box, geometry.stages, *size, nearest=nearest, walk=geometry.walk)
        return _finished(found, affine, planar=planar)
    axes = np.empty(10) if geometry.maps is None else geometry.maps[0]  # there, by the first step
    found = resample(
        _box(image, geometry.steps[0], axes, getattr(steps[0].transform, "fill_value", 0.0)),
        INTERPOLATIONS[interpolation],
        axes,
        geometry.height,
        geometry.width,
        antialias=antialias,
    )
    return _finished(found, affine, planar=planar)


def _finished(found: npt.NDArray[Any], affine: Affine, *, planar: bool) -> npt.NDArray[Any]:
    """Return pixels after what is linear, laid out as they are to be."""
    if (affine.scale != 1).any() or (affine.offset != 0).any() or (affine.center != 0).any():
        found = (found - affine.center[0]) * affine.scale[0] + affine.offset[0]
    return np.moveaxis(found, -1, 0) if planar else found


def _box(
    image: npt.NDArray[Any], steps: npt.NDArray[np.int64], axes: Floats, fill: Any
) -> npt.NDArray[Any]:
    """Return the box of an image that is resampled, with `fill` where it was padded."""
    places = []
    for axis, (first, step) in enumerate(steps.reshape(2, 2)):
        place = first + step * np.arange(int(axes[5 * axis + 4]))
        places.append(place)
    inside = [
        (place >= 0) & (place < size) for place, size in zip(places, image.shape, strict=False)
    ]
    rows, columns = (
        place.clip(0, size - 1) for place, size in zip(places, image.shape, strict=False)
    )
    there = inside[0][:, np.newaxis, np.newaxis] & inside[1][:, np.newaxis]
    return np.where(there, image[rows][:, columns], np.asarray(fill, image.dtype))
