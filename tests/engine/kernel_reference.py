"""What the kernel promises, in plain NumPy: one sample, one step after the other."""

from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

BFLOAT = np.dtype(ml_dtypes.bfloat16)

Array = npt.NDArray[Any]
Indices = npt.NDArray[np.int64]
Tables = Sequence[Array | None]


def rounded(values: Array, kind: npt.DTypeLike) -> Array:
    """To nearest, ties to even; integers saturate and NaN becomes 0."""
    dtype: np.dtype[Any] = np.dtype(kind)
    if dtype == BFLOAT or (dtype == np.float16 and values.dtype.kind in "iu"):
        with np.errstate(over="ignore", invalid="ignore"):
            return values.astype(np.float32).astype(dtype)
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return values.astype(dtype)
    limits = np.iinfo(dtype)
    if values.dtype.kind in "iu":
        return np.array(
            [min(max(int(v), limits.min), limits.max) for v in values.ravel()], dtype
        ).reshape(values.shape)

    def one(value: Any) -> int:
        if np.isnan(value):
            return 0
        if np.isinf(value):
            return limits.max if value > 0 else limits.min
        return min(max(round(float(value)), limits.min), limits.max)

    return np.array([one(v) for v in values.ravel()], dtype).reshape(values.shape)


def values(pixels: Array, out_dtype: np.dtype[Any] | None, tables: Tables) -> Array:
    """What becomes of the pixels of a sample, before rounding; `tables` are its rows, or None."""
    scale, offset, center, low, high = tables
    if pixels.dtype.newbyteorder("=") in (np.float16, BFLOAT) and not (
        scale is None and pixels.dtype == out_dtype
    ):
        pixels = pixels.astype(np.float32)
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8)
    if scale is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            pixels = pixels.astype(scale.dtype)
            pixels = pixels if center is None else pixels - center
            pixels = scale * pixels
            pixels = pixels + offset
    if low is not None and high is not None:
        pixels = np.where(pixels < low, low, pixels)
        pixels = np.where(pixels > high, high, pixels)
    return pixels


def region(source: Array, index: int, row: Indices, height: int, width: int) -> Array:
    y0, y_step, x0, x_step = row
    rows, columns = y0 + y_step * np.arange(height), x0 + x_step * np.arange(width)
    found: Array = source[index][rows][:, columns]
    return found


def fill(
    source: Array, indices: Indices, geometry: Indices, out: Array, tables: Tables = (None,) * 5
) -> None:
    for j, i in enumerate(indices):
        pixels = region(source, i, geometry[j], *out.shape[1:3])
        pixels = values(pixels, out.dtype, [t if t is None else t[j] for t in tables])
        out[j] = pixels if pixels.dtype == out.dtype else rounded(pixels, out.dtype)


def channel_means(
    source: Array,
    indices: Indices,
    geometry: Indices,
    height: int,
    width: int,
    tables: Tables = (None,) * 5,
) -> npt.NDArray[np.float64]:
    """Return the means, and the means of the absolute values, which bound the error."""
    means = np.empty((2, len(indices), source.shape[3]))
    for j, i in enumerate(indices):
        pixels = region(source, i, geometry[j], height, width)
        pixels = values(pixels, None, [t if t is None else t[j] for t in tables])
        means[:, j] = [f(pixels.astype(np.float64)).mean((0, 1)) for f in (np.positive, np.abs)]
    return means
