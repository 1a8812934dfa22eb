"""The mean of each channel of each sample, over what a pass would write of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from samebytes.engine.kernels.checks import check_bounds, check_tables, places_of
from samebytes.engine.kernels.fill import mean_chunk
from samebytes.engine.kernels.job import address_table, plain_dtype, room_for, row_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from samebytes.engine.kernels.checks import Table

__all__ = ["channel_means"]

SUM_PLACES = 256
"""Sums that `channel_means` keeps side by side, about: 2 KiB of them and of each laid table."""


def channel_means(
    source: NDArray[Any],
    indices: NDArray[np.int64],
    geometry: NDArray[np.int64],
    height: int,
    width: int,
    scale: Table = None,
    offset: Table = None,
    center: Table = None,
    low: Table = None,
    high: Table = None,
    places: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Return the mean of every channel of every sample, over what `fill` would write of it.

    The values are those that `fill` rounds to the output dtype, added up in float64, without the
    GIL. The mean of a sample does not depend on the other samples, so any division of the batch
    gives the same bits; and a flipped region has the mean of the region.

    Parameters
    ----------
    source, indices, geometry, scale, offset, center, low, high, places
        As for `prepare`.
    height, width : int
        Size of the region, at least 1 each.

    Returns
    -------
    array of float64, shape (n, C)

    Examples
    --------
    >>> source = np.arange(24, dtype=np.uint8).reshape(2, 3, 2, 2)
    >>> whole = np.array([[0, 1, 0, 1], [2, -1, 1, -1]])
    >>> channel_means(source, np.array([0, 1]), whole, 3, 2).tolist()
    [[5.0, 6.0], [17.0, 18.0]]
    """
    n = len(indices)
    if source.ndim != 4 or geometry.shape not in {(n, 4), (1, 4)} or height < 1 or width < 1:
        message = (
            f"shapes do not fit: source {source.shape}, indices {indices.shape}, "
            f"geometry {geometry.shape}, region {height} x {width}"
        )
        raise ValueError(message)
    channels = source.shape[3]
    tables = check_tables((n, channels), scale, offset, center, low, high)
    geometry = np.array(geometry, np.int64)
    means = np.empty((n, channels))
    if means.size == 0:
        return means
    check_bounds(source.shape, geometry, height, width)
    if places is None:
        places = places_of(source, indices)
    # Read forwards, so that flips change neither the speed nor the order of the sums.
    for axis, size in ((0, height), (2, width)):
        first, step = geometry[:, axis], geometry[:, axis + 1]
        first += np.minimum(step, 0) * (size - 1)
        np.abs(step, out=step)
    pixels = max(1, SUM_PLACES // channels)
    if pixels > 32:
        pixels -= pixels % 32  # whole vectors, several at a time
    mean_chunk(
        address_table(source),
        places,
        geometry,
        row_step(geometry),
        height,
        width,
        *tables,
        row_step(scale),
        np.empty(2 * width * channels, plain_dtype(source.dtype)),
        room_for(scale, pixels * channels),
        np.empty(pixels * channels),
        not source.dtype.isnative,
        means,
    )
    return means
