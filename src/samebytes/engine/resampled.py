"""What writes a component that is resampled: its jobs, and the means of what they would write."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.kernels.placed_job import PlacedJob
from samebytes.engine.kernels.resample_job import prepare_resampled
from samebytes.engine.kernels.warp_job import prepare_warped
from samebytes.plan.affine import Floats
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.filters import INTERPOLATIONS
from samebytes.plan.geometry import Geometry, scale_axes
from samebytes.plan.transforms.cast import cast_values
from samebytes.plan.warping import CONSTANT

__all__ = ["resample_job", "resampled_means", "warm_up_resampled"]

Array = npt.NDArray[Any]


def resample_job(
    source: Array,
    places: npt.NDArray[np.int64],
    geometry: Geometry,
    out: Array,
    spec: ComponentSpec,
    factors: dict[str, Any],
) -> PlacedJob:
    """Return the job that resamples as a chain's geometry says."""
    interpolation, antialias = spec.resampling or ("nearest", False)
    if geometry.stages:
        return prepare_warped(
            source,
            geometry.steps,
            geometry.stages,
            geometry.walk,
            out,
            nearest=interpolation == "nearest",
            places=places,
            boxes=geometry.boxes(),
            **factors,
        )
    maps = geometry.maps
    if maps is None:  # padded, or a mean in front of the first resize
        maps = scale_axes(geometry.height, geometry.width, geometry.height, geometry.width)
    return prepare_resampled(
        source,
        geometry.steps,
        maps,
        out,
        kind=INTERPOLATIONS[interpolation],
        antialias=antialias,
        places=places,
        boxes=geometry.boxes(),
        frame=geometry.frame,
        fillers=None if spec.fill is None else _fillers(spec, source.shape[3], interpolation),
        **factors,
    )


def _fillers(spec: ComponentSpec, channels: int, interpolation: str) -> Array:
    """Return what stands beside images: for what is moved as it is, in the dtype of the source."""
    fillers = np.broadcast_to(np.array(spec.fill), (1, channels))
    return cast_values(fillers, spec.source_dtype) if interpolation == "nearest" else fillers


def resampled_means(
    source: Array,
    places: npt.NDArray[np.int64],
    geometry: Geometry,
    spec: ComponentSpec,
    factors: dict[str, Any],
) -> Floats:
    """Return the mean of every channel of every sample, over what would be written of it."""
    shape = len(places), geometry.height, geometry.width, source.shape[3]
    out = np.empty(shape, spec.arithmetic if factors else np.float32)
    job = resample_job(source, places, geometry, out, spec, factors)
    job.fill(0, job.units)
    found: Floats = out.mean((1, 2), np.float64)
    return found


def warm_up_resampled(
    source: Array, out: Array, spec: ComponentSpec, given: dict[str, Any]
) -> None:
    """Resample a pixel as a batch will be resampled."""
    geometry = Geometry.whole(1, 1)
    if spec.warped:
        geometry.warp(np.eye(3)[np.newaxis], CONSTANT, np.zeros(1))
    else:
        geometry.resize(0, 0, 1, 1, 1, 1)
    job = resample_job(source, np.zeros(1, np.int64), geometry, out, spec, given)
    job.fill(0, job.units)
