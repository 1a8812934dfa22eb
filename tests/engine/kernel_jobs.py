"""Random batches for the tests of the kernels, and how to fill them."""

from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.kernels import job as kernels

Array = npt.NDArray[Any]
Geometry = npt.NDArray[np.int64]
Tables = tuple[Array | None, Array | None, Array | None, Array | None, Array | None]


def random_items(rng: np.random.Generator, shape: tuple[int, ...], kind: npt.DTypeLike) -> Array:
    dtype: np.dtype[Any] = np.dtype(kind)
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype.newbyteorder("="), True).astype(
            dtype
        )
    # Any bits: all exponents, subnormals, infinities, NaN.
    raw = rng.integers(0, 256, (*shape, dtype.itemsize), np.uint8).view(dtype)[..., 0]
    usual = (rng.normal(size=shape) * 100).astype(dtype)
    return np.where(rng.random(shape) < 0.5, raw, usual)


def restrided(rng: np.random.Generator, array: Array) -> Array:
    """The same values with other strides: reversed, transposed, stepped, off by one byte."""
    order = rng.permutation(array.ndim)
    gaps = rng.integers(1, 3, array.ndim)
    shape = tuple(array.shape[k] * gaps[k] for k in order)
    count = int(np.prod(shape)) * array.dtype.itemsize
    shift = int(rng.integers(0, 2)) * int(rng.integers(0, 65))
    memory = np.zeros(count + 64, np.uint8)[shift : shift + count].view(array.dtype)
    view: Array = memory.reshape(shape).transpose(np.argsort(order))
    view = view[tuple(slice(None, None, g) for g in gaps)]
    flips = tuple(slice(None, None, int(s)) for s in rng.choice([1, -1], array.ndim))
    view = view[flips]
    view[...] = array
    return view


def assert_same(result: Array, expected: Array) -> None:
    """Equal bit for bit, but for the payload of NaN."""
    assert result.dtype == expected.dtype
    if result.dtype.kind in "iu" or result.dtype.kind == "b":
        np.testing.assert_array_equal(result, expected)
        return
    bits = f"u{result.dtype.itemsize}" if result.dtype.kind != "c" else "u8"
    same = np.ascontiguousarray(result).view(bits) == np.ascontiguousarray(expected).view(bits)
    with np.errstate(invalid="ignore"):
        assert (same | (np.isnan(result) & np.isnan(expected))).all()


def random_tables(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike | None,
    *,
    clip: bool,
    centered: bool = False,
) -> Tables:
    """Scale, offset, center, low and high, or None for those left out."""
    if dtype is None:
        return None, None, None, None, None
    scale, offset = rng.normal(size=(2, *shape)).astype(dtype)
    center = (rng.normal(size=shape) * 100).astype(dtype) if centered else None
    if not clip:
        return scale, offset, center, None, None
    # Some limits infinite, some the wrong way round (then the upper one holds).
    middle = rng.normal(size=shape) * 50
    low = np.where(rng.random(shape) < 0.2, -np.inf, middle)
    high = np.where(rng.random(shape) < 0.2, np.inf, middle + rng.normal(50, 40, shape))
    return scale, offset, center, low.astype(dtype), high.astype(dtype)


def random_geometry(
    rng: np.random.Generator, batch: int, height: int, width: int, h: int, w: int
) -> Geometry:
    y_step, x_step = rng.choice([1, -1], (2, batch))
    y0 = np.where(y_step > 0, 0, h - 1) + rng.integers(0, height - h + 1, batch)
    x0 = np.where(x_step > 0, 0, w - 1) + rng.integers(0, width - w + 1, batch)
    return np.stack([y0, y_step, x0, x_step], 1)


def random_job(
    rng: np.random.Generator,
    source_dtype: npt.DTypeLike,
    out_dtype: npt.DTypeLike,
    layout: str,
    *,
    fancy: bool,
) -> tuple[Array, Geometry, Geometry, Array]:
    """Source, indices, geometry and output of a small batch."""
    n, channels = int(rng.integers(1, 4)), int(rng.choice([1, 2, 3, 3, 4, 5]))
    h, w = int(rng.integers(1, 9)), int(rng.choice([1, 3, 17, 33, 64]))
    height, width, batch = h + int(rng.integers(0, 4)), w + int(rng.integers(0, 9)), 4
    source = random_items(rng, (n, height, width, channels), source_dtype)
    if fancy:
        source = restrided(rng, source)
    geometry = random_geometry(rng, batch, height, width, h, w)
    if layout == "NCHW":
        out = np.zeros((batch, channels, h, w), out_dtype).transpose(0, 2, 3, 1)
    else:
        out = np.zeros((batch, h, w, channels), out_dtype)
    if layout == "strided":
        out = restrided(rng, out)
    return source, rng.integers(0, n, batch), geometry, out


def named(tables: Tables) -> dict[str, Array | None]:
    return dict(zip(("scale", "offset", "center", "low", "high"), tables, strict=True))


def fill_all(job: kernels.Job) -> None:
    kernels.fill(job, 0, job.units)


def fill_by(job: kernels.Job, threads: int) -> None:
    """Fill a batch by threads that each take the next part of its units."""
    cuts = [k * job.units // threads for k in range(threads + 1)]
    workers = [Thread(target=kernels.fill, args=(job, *cuts[k : k + 2])) for k in range(threads)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()


def usual(
    batch: int = 4, dtype: npt.DTypeLike = np.float32, crop: int = 64
) -> tuple[Array, Geometry, Geometry, Array, Array]:
    rng = np.random.default_rng(0)
    size = max(96, crop + 5)
    source = rng.integers(0, 256, (8, size, size, 3), np.uint8)
    geometry = np.tile([3, 1, 5, 1], (batch, 1))
    table = np.full((batch, 3), 1 / 255, np.float32)
    out = np.full((batch, crop, crop, 3), 7, dtype)
    return source, np.arange(batch) % 8, geometry, out, table
