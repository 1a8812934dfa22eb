"""What is refused before a batch is begun, because the kernels check nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Table: TypeAlias = NDArray[Any] | None

__all__ = ["check_bounds", "check_tables", "places_of"]

TABLE_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


def check_tables(
    shape: tuple[int, int], scale: Table, offset: Table, center: Table, low: Table, high: Table
) -> tuple[Table, Table, Table, Table, Table]:
    """Return the tables as contiguous arrays of one dtype, or refuse them.

    All have a row for each sample, or all have one for all samples.
    """
    if (scale is None) != (offset is None):
        message = "scale and offset come together"
        raise ValueError(message)
    if (low is None) != (high is None) or (low is not None and scale is None):
        message = "low and high come together, and only with scale and offset"
        raise ValueError(message)
    if center is not None and scale is None:
        message = "center comes only with scale and offset"
        raise ValueError(message)
    if scale is None:
        return None, None, None, None, None
    tables = {"scale": scale, "offset": offset, "center": center, "low": low, "high": high}
    for name, table in tables.items():
        if table is None:
            continue
        fits = table.shape == scale.shape and table.shape in {shape, (1, shape[1])}
        if not fits or table.dtype != scale.dtype or table.dtype not in TABLE_DTYPES:
            message = (
                f"expected tables of shape {shape} or {(1, shape[1])}, all float32 or all "
                f"float64, got {name} of {table.dtype} {table.shape} "
                f"beside scale of {scale.dtype} {scale.shape}"
            )
            raise ValueError(message)
    scale, offset, center, low, high = (
        None if table is None else np.ascontiguousarray(table) for table in tables.values()
    )
    return scale, offset, center, low, high


def check_bounds(
    shape: tuple[int, ...], geometry: NDArray[np.int64], height: int, width: int
) -> None:
    """Refuse a batch of which any sample reads rows or columns outside of samples of this shape."""
    sizes = np.array(shape[1:3] * 2, np.uint64)
    first, step = geometry[:, 0::2], geometry[:, 1::2]
    last = first + step * np.array([height - 1, width - 1], np.int64)
    # As unsigned numbers the negative ones are larger than any size.
    corners_outside = np.concatenate((first, last), axis=1).view(np.uint64) >= sizes
    # Steps that could take the last place out of 64 bits, and so back inside, are too large.
    most = [shape[1] // max(height - 1, 1), shape[2] // max(width - 1, 1)]
    too_far = np.abs(step).view(np.uint64) > np.array(most, np.uint64)
    if corners_outside.any() or too_far.any():
        j = int((corners_outside.any(1) | too_far.any(1)).argmax())
        message = (
            f"sample {j} of the batch, with rows and columns {geometry[j].tolist()} for an output "
            f"of {height} x {width}, lies outside of a source of shape {shape}"
        )
        raise IndexError(message)


def places_of(source: NDArray[Any], indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many bytes lie between the first item of `source` and that of each sample.

    Raises
    ------
    IndexError
        If there is no such sample.
    """
    indices = np.asarray(indices, np.int64)
    strangers = indices.view(np.uint64) >= np.uint64(len(source))
    if strangers.any():
        stranger = indices[strangers.argmax()]
        message = f"sample {stranger} lies outside of a source of shape {source.shape}"
        raise IndexError(message)
    places: NDArray[np.int64] = indices * np.int64(source.strides[0])
    return places
