"""Arrays that are read when they are asked: indexed as NumPy does, and never touched in vain."""

import copy
import math
import pickle
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chunked import CountedBytes, CountedChunks, lazy, rows_of

import samebytes as sb
from samebytes.memory.lazy import ChunkSource, LazyArray, decoded

RECORD = np.dtype([("a", "<i2"), ("b", ">f4")])


def values_of(data):
    shape = tuple(data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4)))
    dtype = np.dtype(data.draw(st.sampled_from(["u1", ">u2", "f4", RECORD])))
    numbers = np.arange(1, 1 + math.prod(shape) * dtype.itemsize) % 127
    return numbers.astype("u1").view(dtype).reshape(shape)


def lazies_of(data, values):
    """The values as chunks, and as bytes in either order."""
    chunks = [data.draw(st.integers(1, max(n, 1) + 1)) for n in values.shape]
    order = data.draw(st.sampled_from("CF"))
    yield lazy(values, chunks)[0]
    yield LazyArray(CountedBytes(values, order), values.shape, values.dtype, order)


def indices_of(data, shape):
    if shape[0] and data.draw(st.integers(0, 3)) == 0:
        return np.array(data.draw(st.lists(st.integers(-shape[0], shape[0] - 1), min_size=1)))
    front = data.draw(st.integers(0, len(shape)))
    back = data.draw(st.integers(front, len(shape)))
    parts = [part_of(data, length) for length in shape[:front]]
    if back < len(shape) or data.draw(st.booleans()):
        parts += [Ellipsis, *(part_of(data, length) for length in shape[back:])]
    return tuple(parts)


def part_of(data, length):
    if length and data.draw(st.booleans()):
        return data.draw(st.integers(-length, length - 1))
    bounds = st.none() | st.integers(-7, 7)
    step = data.draw(st.none() | st.integers(-3, 3).filter(bool))
    return slice(data.draw(bounds), data.draw(bounds), step)


def assert_equal(found, expected):
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert found.tobytes() == expected.tobytes()


def assert_same_choice(array, values, index):
    found, expected = np.asarray(array[index]), np.asarray(values[index])
    if not expected.ndim:  # an item by itself is of the machine's order of bytes
        found, expected = found.astype(values.dtype), expected.astype(values.dtype)
    assert_equal(found, expected)


@settings(deadline=None)
@given(data=st.data())
def test_is_indexed_as_numpy_does(data):
    values = values_of(data)
    index = indices_of(data, values.shape)
    for array in lazies_of(data, values):
        assert_same_choice(array, values, index)


@settings(deadline=None)
@given(data=st.data())
def test_columns_are_views_of_what_is_not_read(data):
    values = values_of(data)
    width = values.shape[-1]
    for array in lazies_of(data, values):
        expected = values
        if data.draw(st.booleans()) or not width:
            chosen = slice(*(data.draw(st.none() | st.integers(-6, 6)) for _ in range(2)), -2)
            array, expected = array.columns(chosen), expected[..., chosen]
            width = expected.shape[-1]
        if width:
            column = data.draw(st.integers(0, width - 1))
            array, expected = array.columns(column), expected[..., column]
        assert (array.shape, array.ndim, array.size) == (
            expected.shape,
            expected.ndim,
            expected.size,
        )
        assert (array.nbytes, array.itemsize) == (expected.nbytes, expected.itemsize)
        if expected.ndim and 0 not in values.shape:
            index = indices_of(data, expected.shape)
            assert_same_choice(array, expected, index)


def test_of_bytes_only_what_is_asked_for_is_read():
    values = rows_of(10, 4, 6)
    source = CountedBytes(values)
    array = LazyArray(source, values.shape, values.dtype)
    assert_equal(array[3:5], values[3:5])
    assert source.ranges == [(72, 48)]
    source.ranges.clear()
    assert_equal(array[7, 1:3, 2:5], values[7, 1:3, 2:5])
    assert source.ranges == [(7 * 24 + 6 + 2, 3), (7 * 24 + 12 + 2, 3)]
    source.ranges.clear()
    repr(array), array.shape, array.nbytes, len(array), array.columns(2), copy.copy(array)
    assert not source.ranges


def test_says_what_it_is():
    array, _ = lazy(rows_of(10, 4, 6), (3, 4, 6))
    assert repr(array) == (
        "<samebytes.LazyArray: uint8 (10, 4, 6), 240 bytes, chunks of (3, 4, 6), in counted>"
    )
    assert array.chunks == (3, 4, 6)
    assert LazyArray(CountedBytes(rows_of(4)), (4,), np.dtype("u1")).chunks is None
    assert array.strides == (24, 6, 1)
    assert [row.shape for row in array] == [(4, 6)] * 10
    assert sb.LazyArray is LazyArray


@pytest.mark.parametrize(
    ("index", "kind", "words"),
    [
        (10, IndexError, r"^index 10 is out of bounds for counted, whose axis has 10 items"),
        ((0, 0, 0, 0), IndexError, r"has 3 axes \(10, 4, 6\), got 4"),
        (None, TypeError, r"by integers, slices and an Ellipsis.*got NoneType"),
        (True, TypeError, r"got bool"),
        ("a", TypeError, r"got str\. Read it first: np\.asarray\(x\)\[\.\.\.\]$"),
        (np.ones(10, bool), TypeError, r"takes arrays of integers.*np\.flatnonzero\(mask\)"),
        ([0.5], TypeError, r"got float64"),
        ((np.arange(2), 1), TypeError, r"on the first axis alone; got ndarray"),
        ([3, 10], IndexError, r"index 10 is out of bounds"),
    ],
)
def test_other_indices_are_refused_in_words(index, kind, words):
    array, _ = lazy(rows_of(10, 4, 6), (3, 4, 6))
    with pytest.raises(kind, match=words):
        array[index]


def test_the_whole_is_an_array_and_never_without_a_copy():
    values = rows_of(10, 4, 6)
    array, source = lazy(values, (3, 4, 6))
    assert_equal(np.asarray(array), values)
    assert sum(source.boxes.values()) == 1
    assert_equal(np.asarray(array, "f4"), values.astype("f4"))
    with pytest.raises(ValueError, match=r"in no memory that could be shared: expected copy=True"):
        np.asarray(array, copy=False)


def test_a_single_value_has_no_rows():
    array, _ = lazy(np.array(3.5), ())
    assert array[...] == 3.5
    assert array[()] == 3.5
    with pytest.raises(TypeError, match=r"^counted is a single value, without an axis"):
        len(array)
    with pytest.raises(ValueError, match=r"^component 0 is a single value; expected an axis of sa"):
        sb.Dataset.from_tensor_slices(array)


def test_a_pickle_holds_the_source_and_no_addresses():
    values = rows_of(10, 4, 6)
    array, _ = lazy(values, (3, 4, 6))
    columns = array.columns(slice(1, 3))
    assert columns.placeholder.ctypes.data == array.placeholder.ctypes.data + 1
    one, other = pickle.loads(pickle.dumps((array, columns)))
    assert one.source is other.source
    assert_equal(one[2], values[2])
    assert_equal(other[2], values[2, :, 1:3])


def test_another_shape_than_the_sources_is_refused():
    source = CountedChunks(rows_of(10, 4), (5, 4))
    for shape, dtype in (((10, 5), "u1"), ((10, 4), "u2")):
        words = r"was made of a CountedChunks of uint8 \(10, 4\): expected the same dtype and shape"
        with pytest.raises(ValueError, match=words):
            LazyArray(source, shape, np.dtype(dtype))


@pytest.mark.parametrize(
    "returned",
    [
        np.zeros((2, 3), "u1"),
        np.zeros((2, 4), "u2"),
        np.zeros((2, 4), "i1"),
        [[0] * 4] * 2,
        None,
    ],
)
def test_what_a_source_returns_is_not_believed(returned):
    class Wrong(ChunkSource):
        name = "wrong"
        shape, dtype, chunks = (10, 4), np.dtype("u1"), (2, 4)

        def read_box(self, starts, stops):
            return returned

    array = LazyArray(Wrong(), (10, 4), np.dtype("u1"))
    words = r"^read_box of Wrong returned .* for wrong: expected uint8 \(2, 4\), which is what lies"
    with pytest.raises(TypeError, match=words):
        array[4:6]
    with pytest.raises(TypeError, match=words):
        list(sb.Dataset.from_tensor_slices(array).batch(2))


def test_what_a_source_returns_may_be_strided_or_of_the_other_byte_order():
    values = np.arange(40, dtype="<u2").reshape(10, 4)

    class Other(CountedChunks):
        def read_box(self, starts, stops):
            found = np.asfortranarray(super().read_box(starts, stops))
            return found.astype(">u2")

    source = Other(values, (3, 4))
    found = decoded(source, (1, 0), (4, 4))
    assert found.flags.c_contiguous
    assert_equal(found, values[1:4])
    batches = list(sb.Dataset.from_tensor_slices(LazyArray(source, (10, 4), values.dtype)).batch(4))
    assert_equal(np.concatenate(batches), values)


def test_a_source_that_is_neither_kind_is_refused():
    with pytest.raises(TypeError, match="NamedNothing is neither a ByteSource nor a ChunkSource"):
        LazyArray(NamedNothing(), (10, 4), np.dtype("u1"))[0]


class NamedNothing:
    name = "nothing"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of addresses are Linux's")
def test_a_limit_of_addresses_is_told(run_script):
    child = run_script("""
import resource, numpy as np, samebytes as sb
from tests.chunked import lazy
values = np.broadcast_to(np.uint8(0), (1 << 20, 1 << 20))
array, _ = lazy(values, (64, 1 << 20))
assert len(array) == 1 << 20
resource.setrlimit(resource.RLIMIT_AS, (64 << 30, 64 << 30))
try:
    sb.Dataset.from_tensor_slices(lazy(values, (64, 1 << 20))[0]).plan.samples
    lazy(values, (64, 1 << 20))[0].placeholder
except MemoryError as refusal:
    print(refusal)
""")
    assert (child.returncode, child.stderr) == (0, "")
    assert child.stdout.startswith("counted needs 1,099,511,627,776 bytes of addresses (no memory)")
    assert "ulimit -v unlimited" in child.stdout
