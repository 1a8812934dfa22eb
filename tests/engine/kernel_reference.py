"""What the kernel promises, in plain NumPy: one sample, one step after the other."""

import ml_dtypes
import numpy as np

BFLOAT = np.dtype(ml_dtypes.bfloat16)


def rounded(values, dtype):
    """To nearest, ties to even; integers saturate and NaN becomes 0."""
    dtype = np.dtype(dtype)
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

    def one(value):
        if np.isnan(value):
            return 0
        if np.isinf(value):
            return limits.max if value > 0 else limits.min
        return min(max(round(float(value)), limits.min), limits.max)

    return np.array([one(v) for v in values.ravel()], dtype).reshape(values.shape)


def values(pixels, out_dtype, tables):
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
    if low is not None:
        pixels = np.where(pixels < low, low, pixels)
        pixels = np.where(pixels > high, high, pixels)
    return pixels


def region(source, index, row, height, width):
    y0, y_step, x0, x_step = row
    rows, columns = y0 + y_step * np.arange(height), x0 + x_step * np.arange(width)
    return source[index][rows][:, columns]


def fill(source, indices, geometry, out, tables=(None,) * 5):
    for j, i in enumerate(indices):
        pixels = region(source, i, geometry[j], *out.shape[1:3])
        pixels = values(pixels, out.dtype, [t if t is None else t[j] for t in tables])
        out[j] = pixels if pixels.dtype == out.dtype else rounded(pixels, out.dtype)


def channel_means(source, indices, geometry, height, width, tables=(None,) * 5):
    """Return the means, and the means of the absolute values, which bound the error."""
    means = np.empty((2, len(indices), source.shape[3]))
    for j, i in enumerate(indices):
        pixels = region(source, i, geometry[j], height, width)
        pixels = values(pixels, None, [t if t is None else t[j] for t in tables])
        means[:, j] = [f(pixels.astype(np.float64)).mean((0, 1)) for f in (np.positive, np.abs)]
    return means
