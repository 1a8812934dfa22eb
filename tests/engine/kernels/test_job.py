import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernel_jobs import (
    assert_same,
    fill_all,
    fill_by,
    named,
    random_items,
    random_job,
    random_tables,
    usual,
)
from kernel_reference import BFLOAT, fill
from numba import types

from samebytes.engine.kernels import items, lines, means
from samebytes.engine.kernels import job as kernels

# Each pair of dtypes is compiled once, which takes seconds, so they are chosen: along a diagonal
# each way to read and each way to write is met, with the arithmetic that the engine would choose.
SOURCES = ["u1", "i1", "u2", "i2", "f2", "f4", BFLOAT, "?", ">u2", ">f4", "i4", "u4", "i8", "f8"]
OUTPUTS = ["f4", "f2", BFLOAT, "u1", "i1", "u2", "i2", "f4", "f2", "u1", "f8", "i4", "i8", "f8"]
ARITHMETIC = ["f4"] * 10 + ["f8"] * 4
PAIRS = list(zip(SOURCES, OUTPUTS, ARITHMETIC, strict=True))
PAIRS += [("u1", "u1", "f4"), ("u1", "f2", "f4"), ("f4", "f4", "f4"), ("f4", "i1", "f4")]
CASTS = [("u1", "f4"), ("u1", "u1"), ("f4", "f4"), (BFLOAT, BFLOAT), ("i8", "i8"), ("i4", "u1")]
CASTS += [
    ("f8", "i2"),
    ("f4", BFLOAT),
    (">i4", "f4"),
    (">u2", "u2"),
    (">f2", "f4"),
    ("u1", "i8"),
    ("u2", "i8"),
    ("i2", "i4"),
    ("i2", "u4"),
    ("c8", "c8"),
]


# The version with limits is one more for each pair; these visit all ways it can be written.
CLIPPED = [("u1", "f4", "f4"), ("f4", "f4", "f4"), ("u1", "u1", "f4"), ("f8", "f8", "f8")]
CLIPPED += [("u1", BFLOAT, "f4"), (">f4", "f2", "f8")]

# Calculated wider than it is written; with centers, and with both.
WIDE = [("i4", "f4", "f8"), ("f8", "f4", "f8"), ("i8", "f4", "f8"), ("u1", "i4", "f8")]
CENTERED = [("u1", "f4", "f4", False), ("f4", "f4", "f4", True), ("i4", "f4", "f8", False)]
CENTERED += [("u1", "u1", "f4", True), ("u1", "f4", "f4", True), ("f8", "f8", "f8", False)]

JOBS = [(*p, False, False) for p in [*PAIRS, *WIDE]] + [(*c, None, False, False) for c in CASTS]
JOBS += [(*p, True, False) for p in CLIPPED] + [(*p, True) for p in CENTERED]


@pytest.mark.parametrize(
    ("source_dtype", "out_dtype", "table_dtype", "clip", "centered"), JOBS, ids=str
)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32),
    layout=st.sampled_from(["NHWC", "NCHW", "strided"]),
    fancy=st.booleans(),
    streaming=st.booleans(),
)
def test_every_cell_equals_the_reference(
    source_dtype, out_dtype, table_dtype, clip, centered, seed, layout, fancy, streaming
):
    rng = np.random.default_rng(seed)
    source, indices, geometry, out = random_job(rng, source_dtype, out_dtype, layout, fancy=fancy)
    size = len(out), out.shape[3]
    tables = random_tables(rng, size, table_dtype, clip=clip, centered=centered)
    before = source.copy()
    expected = np.zeros(out.shape, out.dtype)
    fill(source, indices, geometry, expected, tables)
    batch = source, indices, geometry, out
    fill_all(kernels.prepare(*batch, **named(tables), streaming=streaming))
    assert_same(out, expected)
    assert source.tobytes() == before.tobytes()


def test_all_halves_and_bfloats_are_read_and_written_exactly():
    bits = np.arange(1 << 16, dtype=np.uint16).reshape(1, 1, -1, 1)
    one = np.zeros(1, np.int64), np.array([[0, 1, 0, 1]])
    for dtype in (np.dtype(np.float16), BFLOAT):
        single = np.empty(bits.shape, np.float32)
        fill_all(kernels.prepare(bits.view(dtype), *one, single))
        assert_same(single, bits.view(dtype).astype(np.float32))
        # Each value, the midpoint to the next, and the floats on both sides of both.
        with np.errstate(invalid="ignore", over="ignore"):
            sorted_values = np.sort(single[np.isfinite(single)])
            middle = (sorted_values[1:].astype(np.float64) + sorted_values[:-1]) / 2
            middle = middle.astype(np.float32)
            points = np.concatenate([sorted_values, middle])
            points = np.concatenate(
                [points, np.nextafter(points, np.float32(np.inf)),
                 np.nextafter(points, np.float32(-np.inf)),
                 np.array([65519.99, 65520, 65536, 3.4e38, np.inf, -np.inf, np.nan], np.float32)]
            ).reshape(1, 1, -1, 1)  # fmt: skip
            back = np.empty(points.shape, dtype)
            fill_all(kernels.prepare(points, *one, back))
            assert_same(back, points.astype(dtype))


ONE = np.zeros(1, np.int64), np.array([[0, 1, 0, 1]])


def converted(values, dtype):
    """The values of one dtype as the kernel casts them to another."""
    out = np.empty((1, 1, values.size, 1), dtype)
    fill_all(kernels.prepare(values.reshape(out.shape), *ONE, out))
    return out.reshape(values.shape)


def test_doubles_become_the_nearest_half_in_one_rounding():
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float64)
    halves = np.unique(halves[np.isfinite(halves)])
    # On every tie, and so little beside it that a float32 in between would sit on the tie.
    middle = (halves[1:] + halves[:-1]) / 2
    points = [halves, middle]
    points += [middle * (1 + sign * 2.0**-k) for sign in (1, -1) for k in (24, 25, 26, 40, 52)]
    points.append([65519.999999999, 65520, -65520, 1e300, -1e300, 1e-300, -1e-300, 2**-25])
    points.append([np.nextafter(2.0**-25, 1), 2.0**-150, np.inf, -np.inf, np.nan, -0.0])
    points = np.concatenate(points)
    with np.errstate(over="ignore"):
        expected = points.astype(np.float16)
        assert (points.astype(np.float32).astype(np.float16) != expected).sum() > 1000
    assert_same(converted(points, np.float16), expected)


@pytest.mark.parametrize("real", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "i4", "u4", "i8", "u8"])
def test_integers_round_half_to_even_and_saturate(real, dtype):
    limits = np.iinfo(dtype)
    values = [0.5, 1.5, 2.5, 3.5, 126.5, 2.4999, np.inf, -np.inf, np.nan, 1e30, -1e30, -0.0]
    result = converted(np.array(values, real), dtype)
    expected = [0, 2, 2, 4, 126, 2, limits.max, limits.min, 0, limits.max, limits.min, 0]
    np.testing.assert_array_equal(result, np.array(expected, dtype))
    # The largest number below the first that saturates, and that one.
    edge = real(2.0 ** (limits.bits - (limits.min < 0)))
    below = np.nextafter(edge, real(0))
    result = converted(np.array([below, edge, -edge], real), dtype)
    assert result.tolist() == [min(round(float(below)), limits.max), limits.max, limits.min]


def test_not_a_number_passes_the_limits():
    source = np.array([np.nan, -np.inf, np.inf, 0.25, -5], np.float32).reshape(1, 1, 5, 1)
    source = np.tile(source, (1, 1, 16, 1))  # whole cache lines
    table = np.ones((1, 1), np.float32)
    for streaming in (False, True):
        out = np.empty_like(source)
        fill_all(
            kernels.prepare(
                source, *ONE, out, scale=table, offset=0 * table, low=0 * table, high=table,
                streaming=streaming,
            )
        )  # fmt: skip
        np.testing.assert_array_equal(out[0, 0, :5, 0], np.float32([np.nan, 0, 1, 0.25, 0]))
        np.testing.assert_array_equal(out.reshape(16, 5), np.tile(out[0, 0, :5, 0], (16, 1)))


def test_a_broadcast_source_is_read_in_place():
    _, indices, geometry, out, table = usual()
    image = np.random.default_rng(1).integers(0, 256, (96, 96, 3), np.uint8)
    source = np.broadcast_to(image, (10**9, 96, 96, 3))
    indices = np.array([0, 10**9 - 1, 5 * 10**8, 3])
    fill_all(kernels.prepare(source, indices, geometry, out, scale=table, offset=table))
    for sample in out:
        np.testing.assert_array_equal(sample, table[0] * image[3:67, 5:69].astype("f4") + table[0])


@pytest.mark.parametrize(
    ("sample", "row"),
    [(8, [0, 1, 0, 1]), (-1, [0, 1, 0, 1]), (0, [33, 1, 0, 1]), (0, [-1, 1, 0, 1]),
     (0, [62, -1, 0, 1]), (0, [96, -1, 0, 1]), (0, [0, 1, 33, 1]), (0, [0, 1, 62, -1]),
     (0, [0, 1, 96, -1]), (2**62, [0, 1, 0, 1]), (0, [2**62, 1, 0, 1])],
)  # fmt: skip
@pytest.mark.parametrize("streaming", [False, True])
def test_reading_outside_is_refused_before_anything_is_written(sample, row, streaming):
    source, indices, geometry, out, table = usual()
    indices[2], geometry[2] = sample, row
    with pytest.raises(IndexError, match=r"^sample .* lies outside of a source of shape"):
        kernels.prepare(
            source, indices, geometry, out, scale=table, offset=table, streaming=streaming
        )
    with pytest.raises(IndexError, match="lies outside of a source of shape"):
        means.channel_means(source, indices, geometry, 64, 64)
    assert (out == 7).all()


@given(
    st.tuples(*[st.integers(-3, 12) | st.integers(-(2**63), 2**63 - 1)] * 5),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_exactly_what_lies_inside_is_accepted(numbers, h, w):
    source = np.arange(3 * 9 * 8).reshape(3, 9, 8, 1)
    index, y0, y_step, x0, x_step = numbers
    rows, columns = [y0 + y_step * k for k in range(h)], [x0 + x_step * k for k in range(w)]
    inside = 0 <= index < 3 and all(0 <= y < 9 for y in rows) and all(0 <= x < 8 for x in columns)
    # Steps are refused too where they could overflow: beyond the size over the steps to take.
    sane = abs(y_step) <= 9 // max(h - 1, 1) and abs(x_step) <= 8 // max(w - 1, 1)
    out = np.empty((1, h, w, 1), np.int64)
    batch = source, np.array([index]), np.array([[y0, y_step, x0, x_step]]), out
    if inside and sane:
        fill_all(kernels.prepare(*batch))
        np.testing.assert_array_equal(out[0, :, :, 0], source[index, rows][:, columns, 0])
    else:
        with pytest.raises(IndexError):
            kernels.prepare(*batch)


def test_what_was_checked_cannot_be_changed():
    source, indices, geometry, out, _ = usual()
    job = kernels.prepare(source, indices, geometry, out)
    indices[:], geometry[:] = 10**9, 10**9
    fill_all(job)
    np.testing.assert_array_equal(out[0], source[0, 3:67, 5:69])


def test_what_does_not_fit_is_refused_in_words():
    source, indices, geometry, out, table = usual()

    def refused(error, match, *, tables=(), **arrays):
        batch = {"source": source, "indices": indices, "geometry": geometry, "out": out, **arrays}
        names = ("scale", "offset", "low", "high", "center")
        with pytest.raises(error, match=match):
            kernels.prepare(**batch, **dict(zip(names, tables, strict=False)))

    refused(ValueError, "expected axes N, H, W, C", source=source[0])
    refused(ValueError, "shapes do not fit", indices=indices[:2])
    refused(ValueError, "scale and offset come together", tables=[table])
    refused(ValueError, "low and high come together", tables=[table, table, table])
    refused(ValueError, "only with scale", tables=[None, None, table, table])
    refused(ValueError, "center comes only", tables=[None, None, None, None, table])
    refused(ValueError, "got center of float32", tables=[table, table, None, None, table[:1]])
    refused(ValueError, "got offset of float32", tables=[table[:1], table])
    refused(ValueError, "got scale of float32", tables=[table[:2], table[:2]])
    refused(ValueError, "got low of float64", tables=[table, table, table.astype("f8"), table])
    refused(ValueError, "all float32 or all float64, got", tables=[table.astype("f2")] * 2)
    refused(ValueError, "all float32 or all float64, got", tables=[table.astype(">f4")] * 2)
    refused(TypeError, "got complex64", source=source.astype(np.complex64))
    out.flags.writeable = False
    refused(ValueError, "writable")
    with pytest.raises(ValueError, match="region 0 x 3"):
        means.channel_means(source, indices, geometry, 0, 3)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("planar", [False, True])
def test_one_row_of_factors_is_that_of_all_samples(streaming, planar):
    source, indices, geometry, out, table = usual()
    if planar:
        out = np.empty((*out.shape[:1], 3, *out.shape[1:3]), out.dtype).transpose(0, 2, 3, 1)
    row = np.array([[0.5, 2, -3]], np.float32)
    limits = {"low": row * 0 + 10, "high": row * 0 + 200}
    batch = source, indices, geometry, out
    job = kernels.prepare(*batch, scale=row, offset=row + 1, **limits, streaming=streaming)
    fill_by(job, 3)
    found, out[...] = out.copy(), 0
    each = {name: np.repeat(one, len(indices), 0) for name, one in limits.items()}
    table[...] = row
    fill_all(kernels.prepare(*batch, scale=table, offset=table + 1, **each, streaming=streaming))
    np.testing.assert_array_equal(found, out)
    part = np.empty_like(out[1:3]) if not planar else out[1:3]
    part[...] = 0
    fill_all(job.part(1, 3, part))
    np.testing.assert_array_equal(part, found[1:3])


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("source_dtype", ["u1", ">u2"])
def test_one_row_of_geometry_is_that_of_all_samples(source_dtype, streaming):
    rng = np.random.default_rng(0)
    source = random_items(rng, (5, 40, 30, 3), np.dtype(source_dtype))
    indices, row = np.array([4, 0, 3, 3, 1, 2]), np.array([[33, -1, 2, 1]])
    table = np.array([[2, 3, 4]], np.float32)
    expected = np.zeros((6, 32, 16, 3), np.float32)
    found = np.zeros_like(expected)
    named = {"scale": table, "offset": table, "streaming": streaming}
    fill_all(kernels.prepare(source, indices, np.repeat(row, 6, axis=0), expected, **named))
    job = kernels.prepare(source, indices, row, found, **named)
    fill_all(job)
    np.testing.assert_array_equal(found, expected)
    again = np.zeros((3, *found.shape[1:]), np.float32)
    fill_by(job.part(2, 5, again), 2)
    np.testing.assert_array_equal(again, expected[2:5])
    one = means.channel_means(source, indices, row, 32, 16)
    each = means.channel_means(source, indices, np.repeat(row, 6, axis=0), 32, 16)
    np.testing.assert_array_equal(one, each)


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (2, 0, 4, 3), (2, 4, 0, 3), (2, 4, 4, 0)])
def test_nothing_to_fill_is_fine(shape):
    source = np.zeros((8, 9, 9, shape[3]), np.uint8)
    job = kernels.prepare(
        source, np.zeros(shape[0], np.int64), np.ones((shape[0], 4), np.int64),
        np.empty(shape, np.float32),
    )  # fmt: skip
    assert job.units == 0
    fill_all(job)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize(("batch", "crop"), [(1, 8), (5, 8), (33, 8), (1, 300), (3, 300)])
@pytest.mark.parametrize("streaming", [False, True])
def test_any_division_writes_the_same_bytes(threads, batch, crop, streaming):
    source, indices, geometry, out, table = usual(batch, crop=crop)
    out[:] = np.nan
    job = kernels.prepare(
        source, indices, geometry, out, scale=table, offset=table, streaming=streaming
    )
    # One huge image is enough work for many threads, a batch of small ones is not cut further.
    assert job.units == (batch if crop == 8 else 5 * batch)
    fill_by(job, threads)
    expected = np.empty_like(out)
    fill(source, indices, geometry, expected, (table, table, None, None, None))
    np.testing.assert_array_equal(out, expected)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from(["NHWC", "NCHW", "strided"]), st.booleans())
def test_every_unit_writes_its_rows_and_no_others(seed, layout, clip):
    rng = np.random.default_rng(seed)
    source, indices, geometry, out = random_job(rng, "u1", "f4", layout, fancy=True)
    tables = random_tables(rng, (len(out), out.shape[3]), "f4", clip=clip)
    expected = np.zeros(out.shape, out.dtype)
    fill(source, indices, geometry, expected, tables)
    job = kernels.prepare(source, indices, geometry, out, **named(tables), streaming=clip)
    job = job._replace(blocks=int(rng.integers(1, out.shape[1] + 1)))
    filled = 0
    for unit in rng.permutation(job.units):
        out[:] = np.nan
        kernels.fill(job, int(unit), int(unit) + 1)
        touched = ~np.isnan(out)
        assert_same(out[touched], expected[touched])
        filled += touched.sum()
    assert filled == out.size


@pytest.mark.parametrize("units", [(-1, 1), (0, 5), (3, 2)])
def test_units_that_do_not_exist_are_refused(units):
    source, indices, geometry, out, _ = usual()
    job = kernels.prepare(source, indices, geometry, out)
    with pytest.raises(ValueError, match="stop <= 4 units, got"):
        kernels.fill(job, *units)
    assert (out == 7).all()


def test_dtypes_that_can_stream():
    array = {d: types.Array(t, 1, "C") for d, t in (("u1", types.uint8), ("f4", types.float32))}
    assert lines._streamable(array["u1"], array["f4"], array["f4"]) == "affine"
    assert lines._streamable(array["u1"], types.none, array["f4"]) == "affine"
    assert lines._streamable(array["u1"], types.none, array["u1"]) == "copy"
    assert lines._streamable(array["f4"], array["f4"], array["u1"]) is None


def test_bfloat_is_ours():
    assert kernels.plain_dtype(np.dtype(ml_dtypes.bfloat16)) == items.BFLOAT
