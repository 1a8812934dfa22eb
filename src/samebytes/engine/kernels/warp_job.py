"""A batch whose pixels are read where matrices say, as the kernels take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from samebytes.engine.kernels.job import room_for, row_step
from samebytes.engine.kernels.placed_job import PlacedJob, frame_and_reading
from samebytes.engine.kernels.resample import SINGLE
from samebytes.engine.kernels.warp import warp_bytes, warp_chunk, warp_nearest_chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from samebytes.plan.warping import Stage

__all__ = ["WarpJob", "prepare_warped"]


@dataclass(frozen=True)
class WarpJob(PlacedJob):
    """A batch of which each pixel is read where the maps of some stages say.

    Attributes
    ----------
    walk : ndarray of float64, shape (n, 4)
        Which places of the last stage are shown.
    matrices, sizes : ndarray of float64, shape (n, stages, 9) and (n, stages, 2)
        See `Stage`.
    modes : ndarray of int64, shape (stages,)
        What lies beside each image.
    fillers : ndarray, shape (stages, C)
        With what it is filled: float32, or by nearest in the dtype of the source.
    nearest : bool
        Whether pixels are moved as they are.
    """

    by_sample: ClassVar[tuple[str, ...]] = ("geometry", "walk", "matrices", "sizes")

    geometry: NDArray[np.int64]
    walk: NDArray[np.float64]
    matrices: NDArray[np.float64]
    sizes: NDArray[np.float64]
    modes: NDArray[np.int64]
    fillers: NDArray[Any]
    nearest: bool

    def _fill(self, start: int, stop: int) -> None:
        frame = self.frame
        _, _, width, channels = frame.out.shape
        items = width * channels
        factors = frame.scale, frame.offset, frame.center, frame.low, frame.high
        tables = *factors, row_step(frame.scale)
        given = (
            *(frame.source_table, frame.out_table, frame.places, self.geometry),
            *(self.walk, self.matrices, self.sizes, self.modes),
        )
        lines = np.empty(width), np.empty(width), np.empty(width, np.int64)
        written = np.empty(items, frame.out_dtype), room_for(frame.scale, items)
        rest = start, stop, frame.ends, frame.apart, frame.blocks, frame.swapped, frame.streaming
        if self.nearest:
            room = np.empty(items + 2 * width, frame.source_dtype)
            fillers = self.fillers.view(frame.source_dtype)
            warp_nearest_chunk(*given, fillers, *tables, room, *lines, *written, *rest)
            return
        like = np.empty(1, frame.source_dtype)
        room = np.empty(warp_bytes(width, channels) // SINGLE, np.float32)
        warp_chunk(*given, self.fillers, *tables, like, room, *lines, *written, *rest)


def prepare_warped(
    source: NDArray[Any],
    geometry: NDArray[np.int64],
    stages: list[Stage],
    walk: NDArray[np.float64],
    out: NDArray[Any],
    *,
    nearest: bool,
    places: NDArray[np.int64],
    boxes: NDArray[np.int64],
    **factors: Any,
) -> WarpJob:
    """Check a batch and bring it into the form the kernels take.

    Parameters
    ----------
    source, out, places, **factors
        As for `prepare`.
    geometry, boxes
        As for `prepare_resampled`: the box that the first stage reads.
    stages : list of Stage
        The one that reads the source first.
    walk : array of float64, shape (n, 4) or (1, 4)
        First x, its step, first y and its step of the pixels of the last stage that are shown.
    nearest : bool
        Whether to move the nearest pixel, instead of a sum of four.

    Raises
    ------
    ValueError
        If a matrix is no numbers.
    IndexError
        If a box lies outside of the source.
    """
    count, channels = len(places), source.shape[3]
    rows = [np.broadcast_to(stage.matrices, (count, 3, 3)).reshape(-1, 9) for stage in stages]
    matrices = np.ascontiguousarray(np.stack(rows, axis=1))
    sizes = [np.broadcast_to(stage.sizes, (count, 2)) for stage in stages]
    if not np.isfinite(matrices).all():
        message = "expected matrices of finite numbers"
        raise ValueError(message)
    limits = np.array([0, source.shape[1], 0, source.shape[2]])
    if count and ((boxes[:, 0::2] < 0).any() or (boxes[:, 1::2] > limits[1::2]).any()):
        message = f"a box of rows and columns lies outside of a source of shape {source.shape}"
        raise IndexError(message)
    frame, reading = frame_and_reading(source, out, places, boxes, factors)
    dtype = source.dtype if nearest else np.dtype(np.float32)
    fills = [np.broadcast_to(stage.fill, (channels,)) for stage in stages]
    return WarpJob(
        frame=frame,
        covering=reading,
        geometry=np.ascontiguousarray(np.broadcast_to(geometry, (count, 4))),
        walk=np.ascontiguousarray(np.broadcast_to(walk, (count, 4))),
        matrices=matrices,
        sizes=np.ascontiguousarray(np.stack(sizes, axis=1)),
        modes=np.array([stage.mode for stage in stages], np.int64),
        fillers=np.ascontiguousarray(np.stack(fills).astype(dtype)),
        nearest=nearest,
    )
