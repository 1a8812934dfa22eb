"""A batch whose pixels are resampled, as the kernels take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from samebytes.engine.kernels.job import room_for, row_step
from samebytes.engine.kernels.pick import pick_chunk
from samebytes.engine.kernels.placed_job import PlacedJob, frame_and_reading
from samebytes.engine.kernels.resample import SINGLE, line_bytes, resample_chunk
from samebytes.plan.filters import NEAREST

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ResampleJob", "prepare_resampled"]


@dataclass(frozen=True)
class ResampleJob(PlacedJob):
    """A batch of which each pixel is read from a box of the source.

    Attributes
    ----------
    geometry : ndarray of int64, shape (n, 4)
        First row, row step, first column, column step of each sample's box.
    frames : ndarray of int64, shape (n, 4)
        Rows and columns of the source beside which nothing is read.
    maps : ndarray of float64, shape (n, 10)
        See `samebytes.plan.geometry.Geometry`.
    fillers : ndarray, shape (1, C)
        What lies beside the image: float32, or for `NEAREST` in the dtype of the source.
    kind : int
        One of `samebytes.plan.filters.INTERPOLATIONS`.
    antialias : bool
        Whether filters are widened by what they shrink.
    """

    by_sample: ClassVar[tuple[str, ...]] = ("geometry", "frames", "maps")

    geometry: NDArray[np.int64]
    frames: NDArray[np.int64]
    maps: NDArray[np.float64]
    fillers: NDArray[Any]
    kind: int
    antialias: bool

    def _fill(self, start: int, stop: int) -> None:
        _fill_resampled(self, start, stop)


def prepare_resampled(
    source: NDArray[Any],
    geometry: NDArray[np.int64],
    maps: NDArray[np.float64],
    out: NDArray[Any],
    *,
    kind: int,
    antialias: bool,
    places: NDArray[np.int64],
    boxes: NDArray[np.int64],
    frame: NDArray[np.int64] | None = None,
    fillers: NDArray[Any] | None = None,
    **factors: Any,
) -> ResampleJob:
    """Check a batch and bring it into the form the kernels take.

    Nothing is written, and what passes here cannot fail in `ResampleJob.fill`.

    Parameters
    ----------
    source, out, places, **factors
        As for `prepare`.
    geometry, maps, kind, antialias, fillers
        As in `ResampleJob`; one row of the first two is for all samples.
    boxes : array of int64, shape (n, 4) or (1, 4)
        Of each sample the first row and column that is read, and the one behind the last:
        (row, row, column, column).
    frame : array of int64, shape (n, 4) or (1, 4), optional
        What may be read of them, and lies inside of the source; by default all of the source.

    Raises
    ------
    ValueError
        If a box is empty, or its map is no numbers.
    """
    count, channels = len(places), source.shape[3]
    geometry = np.ascontiguousarray(np.broadcast_to(geometry, (count, 4)))
    maps = np.ascontiguousarray(np.broadcast_to(maps, (count, 10)))
    if not np.isfinite(maps).all() or (maps[:, [4, 9]] < 1).any():
        message = "expected maps of finite numbers, of boxes of 1 pixel or more"
        raise ValueError(message)
    sizes = np.repeat(np.array(source.shape[1:3], np.int64), 2)
    limits = np.array([[0, sizes[0], 0, sizes[2]]]) if frame is None else frame.clip(0, sizes)
    limits = np.ascontiguousarray(np.broadcast_to(limits, (count, 4)))
    read = boxes.clip(np.repeat(limits[:, 0::2], 2, 1), np.repeat(limits[:, 1::2], 2, 1))
    job, reading = frame_and_reading(source, out, places, read, factors)
    if fillers is None:
        fillers = np.zeros((1, channels))
    dtype = source.dtype if kind == NEAREST else np.dtype(np.float32)
    fillers = np.ascontiguousarray(fillers.astype(dtype))
    return ResampleJob(job, reading, geometry, limits, maps, fillers, kind, antialias)


def _fill_resampled(job: ResampleJob, start: int, stop: int) -> None:
    frame = job.frame
    _, height, width, channels = frame.out.shape
    items = width * channels
    factors = frame.scale, frame.offset, frame.center, frame.low, frame.high
    tables = *factors, row_step(frame.scale)
    given = frame.source_table, frame.out_table, frame.places, job.geometry, job.frames
    written = np.empty(items, frame.out_dtype), room_for(frame.scale, items)
    rest = start, stop, frame.ends, frame.apart, frame.blocks, frame.swapped, frame.streaming
    if job.kind == NEAREST:
        lines = np.empty(items + 2 * width, frame.source_dtype)
        fillers = job.fillers.view(frame.source_dtype)
        columns = np.empty(width, np.int64)
        pick_chunk(*given, job.maps, fillers, *tables, lines, columns, *written, *rest)
        return
    samples = slice(start // frame.blocks, (stop - 1) // frame.blocks + 1)
    down, across, longest = _most(job, job.maps[samples])
    rows = line_bytes(max(longest, width) * channels) * (down + 1)
    room = line_bytes(items) + line_bytes(2 * width) + rows
    resample_chunk(
        *given,
        job.maps,
        job.fillers,
        job.kind,
        job.antialias,
        *tables,
        np.empty(2 * longest * channels, frame.source_dtype),
        # Zeros, because some of what is not written is calculated with.
        np.zeros(room // SINGLE + 16, np.float32),
        np.empty(height + width + down, np.int64),
        np.empty(height * down + width * across, np.float32),
        *written,
        *rest,
    )


def _most(job: ResampleJob, maps: NDArray[np.float64]) -> tuple[int, int, int]:
    """Return the most taps of rows and of columns, and the widest box, of some samples."""
    counts = []
    for scales, lengths in ((maps[:, 0], maps[:, 4]), (maps[:, 5], maps[:, 9])):
        wide = np.maximum(np.abs(scales), 1.0) if job.antialias else np.ones(len(maps))
        counts.append(int(np.minimum(np.ceil(2.0 * job.kind * wide), lengths).max()))
    return counts[0], counts[1], int(maps[:, 9].max())
