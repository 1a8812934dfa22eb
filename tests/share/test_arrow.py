"""Arrow arrays on the same bytes, and in words why some cannot be."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pytest

import samebytes as sb

pa = pytest.importorskip("pyarrow", exc_type=ImportError)


def values_address(array) -> int:
    """Return where an Arrow array of fixed-width values begins."""
    width = array.type.bit_width // 8
    return array.buffers()[-1].address + array.offset * width


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("int8", "i1"),
        ("uint16", "u2"),
        ("int32", "i4"),
        ("uint64", "u8"),
        ("float16", "f2"),
        ("float32", "f4"),
        ("float64", "f8"),
        (pa.timestamp("ms"), "M8[ms]"),
        (pa.timestamp("ns", "UTC"), "M8[ns]"),
        (pa.duration("us"), "m8[us]"),
    ],
    ids=str,
)
@pytest.mark.parametrize("part", [slice(None), slice(2, 5), slice(5, 5)], ids=str)
def test_values_of_fixed_width_are_shared_with_their_offset(kind, dtype, part):
    counts = np.arange(8).astype("f2" if kind == "float16" else "i8")
    whole = pa.array(counts, "int64" if not isinstance(kind, str) else kind)
    whole = whole.view(kind) if not isinstance(kind, str) else whole
    array = sb.as_array(whole[part])
    assert array.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(array, counts[part].astype(dtype))
    assert not array.flags.writeable
    if array.size:
        assert array.ctypes.data == values_address(whole[part])


def test_the_array_keeps_arrows_memory_alive():
    array = sb.as_array(pa.array(np.arange(1000)))
    again = pa.array(np.ones(1000, "i8"))
    assert array.sum() == 499500
    assert len(again) == 1000


class TestNested:
    lists = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(24, dtype="f4")), 3)

    def test_fixed_size_lists_become_axes(self):
        twice = pa.FixedSizeListArray.from_arrays(self.lists, 2)
        array = sb.as_array(twice)
        np.testing.assert_array_equal(array, np.arange(24).reshape(4, 2, 3))
        assert array.ctypes.data == values_address(twice.flatten().flatten())

    def test_slices_of_lists_begin_where_they_should(self):
        array = sb.as_array(self.lists[2:5])
        np.testing.assert_array_equal(array, np.arange(6, 15).reshape(3, 3))
        assert array.ctypes.data == sb.as_array(self.lists).ctypes.data + 24

    def test_an_empty_slice_keeps_its_inner_length(self):
        assert sb.as_array(self.lists[:0]).shape == (0, 3)

    def test_tensors_keep_their_shape_and_strides(self):
        original = np.arange(6.0).reshape(2, 3).T
        array = sb.as_array(pa.Tensor.from_numpy(original))
        np.testing.assert_array_equal(array, original)
        assert array.strides == original.strides
        assert np.shares_memory(array, original)

    @pytest.mark.parametrize("axes", [(0, 1, 2), (0, 2, 1)], ids=str)
    @pytest.mark.parametrize("part", [slice(None), slice(1, None)], ids=str)
    def test_arrays_of_tensors_have_the_tensors_axes_in_logical_order(self, axes, part):
        original = np.arange(24, dtype="i4").reshape(2, 3, 4).transpose(axes)
        column = pa.FixedShapeTensorArray.from_numpy_ndarray(original)
        array = sb.as_array(column[part])
        np.testing.assert_array_equal(array, original[part])
        assert sb.shares_memory(array, column.storage)

    def test_a_chunked_array_of_one_chunk_is_that_chunk(self):
        chunk = pa.array([1, 2, 3])
        assert sb.as_array(pa.chunked_array([chunk])).ctypes.data == values_address(chunk)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: pa.array([1, None, None]), r"of int64 has 2 nulls.*x\.fill_null\(value\)"),
        (lambda: pa.array([None]), "of null has 1 nulls"),
        (
            lambda: pa.array([[1, 2], None], pa.list_(pa.int8(), 2)),
            r"of fixed_size_list<item: int8>\[2\] has 1 nulls",
        ),
        (lambda: pa.array([[1, None]], pa.list_(pa.int8(), 2)), "of int8 has 1 nulls"),
        (lambda: pa.array([True]), r"of bool has no strided layout.*zero_copy_only=False"),
        (lambda: pa.array(["a"]), "of string has no strided layout.*fixed-width"),
        (lambda: pa.array([], pa.string()), "of string has no strided layout"),
        (lambda: pa.array([b"abc"], pa.binary(3)), "has no strided layout"),
        (lambda: pa.array([[1], [2, 3]]), "of list<item: int64> has no strided layout"),
        (lambda: pa.array([{"a": 1}]), "of struct<a: int64> has no strided layout"),
        (lambda: pa.array([dt.date(2020, 1, 1)]), "date32.* has no strided layout"),
        (lambda: pa.array([decimal.Decimal(1)]), "decimal128.* has no strided layout"),
        (
            lambda: pa.array([1.0, 1.0]).dictionary_encode(),
            r"indices into a dictionary.*x\.indices.*x\.dictionary_decode\(\)",
        ),
        (
            lambda: pa.UnionArray.from_dense(
                pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])]
            ),
            "dense_union.* has no strided layout",
        ),
        (
            lambda: pa.chunked_array([[1], [2]]),
            r"of 2 chunks lies in as many buffers, expected one chunk.*x\.combine_chunks\(\)",
        ),
        (lambda: pa.chunked_array([], pa.int8()), "of 0 chunks"),
        (lambda: pa.table({"a": [1]}), r"pyarrow\.Table exports no memory"),
    ],
)
def test_what_no_strided_array_describes_is_refused_in_words(make, sentence):
    with pytest.raises(sb.NotABuffer, match=sentence):
        sb.as_array(make())


def test_nulls_outside_of_a_slice_do_no_harm():
    assert sb.as_array(pa.array([1, 2, None])[:2]).tolist() == [1, 2]
