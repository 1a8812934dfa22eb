"""What is refused before a batch is begun, because the kernels check nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Table: TypeAlias = NDArray[Any] | None

__all__ = ["check_bounds", "check_tables"]

TABLE_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


def check_tables(
    shape: tuple[int, int], scale: Table, offset: Table, low: Table, high: Table
) -> tuple[Table, Table, Table, Table]:
    """Return the tables as contiguous arrays of one dtype, or refuse them."""
    if (scale is None) != (offset is None):
        message = "scale and offset come together"
        raise ValueError(message)
    if (low is None) != (high is None) or (low is not None and scale is None):
        message = "low and high come together, and only with scale and offset"
        raise ValueError(message)
    if scale is None:
        return None, None, None, None
    for name, table in (("scale", scale), ("offset", offset), ("low", low), ("high", high)):
        if table is None:
            continue
        if table.shape != shape or table.dtype != scale.dtype or table.dtype not in TABLE_DTYPES:
            message = (
                f"expected tables of shape {shape}, all float32 or all float64, got {name} "
                f"of {table.dtype} {table.shape} beside scale of {scale.dtype} {scale.shape}"
            )
            raise ValueError(message)
    return (
        np.ascontiguousarray(scale),
        np.ascontiguousarray(offset),
        None if low is None else np.ascontiguousarray(low),
        None if high is None else np.ascontiguousarray(high),
    )


def check_bounds(
    shape: tuple[int, ...],
    indices: NDArray[np.int64],
    geometry: NDArray[np.int64],
    height: int,
    width: int,
) -> None:
    """Refuse a batch of which any sample reads outside of a source of this shape."""
    sizes = np.array(shape[1:3] * 2, np.uint64)
    first, step = geometry[:, 0::2], geometry[:, 1::2]
    last = first + step * np.array([height - 1, width - 1], np.int64)
    # As unsigned numbers the negative ones are larger than any size.
    corners_outside = np.concatenate((first, last), axis=1).view(np.uint64) >= sizes
    # Steps that could take the last place out of 64 bits, and so back inside, are too large.
    most = [shape[1] // max(height - 1, 1), shape[2] // max(width - 1, 1)]
    too_far = np.abs(step).view(np.uint64) > np.array(most, np.uint64)
    strangers = indices.view(np.uint64) >= np.uint64(shape[0])
    if corners_outside.any() or too_far.any() or strangers.any():
        j = int((corners_outside.any(1) | too_far.any(1) | strangers).argmax())
        message = (
            f"sample {indices[j]} with rows and columns {geometry[j].tolist()} for an output of "
            f"{height} x {width} lies outside of a source of shape {shape}"
        )
        raise IndexError(message)
