"""Tensors on our own memory: shared and counted as `as_tensor` would, and never unaligned."""

import numpy as np
import pytest

import samebytes as sb
from samebytes.share import pooled

tf = pytest.importorskip("tensorflow")


def address(tensor):
    return np.asarray(tensor).ctypes.data


@pytest.fixture(autouse=True, scope="module")
def first_call():
    tf.constant(0)  # the very first call of a process copies


def numbered(*shape, dtype="float32"):
    array = sb.empty(shape, dtype).view(np.ndarray)
    array[...] = np.arange(array.size).reshape(shape)
    return array


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float16", "int64", "complex64"])
def test_each_lies_on_its_array(dtype):
    arrays = [numbered(8, 64, dtype=dtype), numbered(3, dtype=dtype)]
    before = sb.stats()
    with sb.no_copy():
        tensors = pooled.tensors_on(arrays)
    after = sb.stats()
    assert [address(tensor) for tensor in tensors] == [array.ctypes.data for array in arrays]
    assert after.shared - before.shared == 2
    assert after.bytes_shared - before.bytes_shared == sum(array.nbytes for array in arrays)
    assert after.copied == before.copied
    for tensor, array in zip(tensors, arrays, strict=True):
        np.testing.assert_array_equal(tensor, array)


def test_what_is_empty_has_its_shape():
    (tensor,) = pooled.tensors_on([np.empty((0, 5), "float32")])
    assert tensor.shape == (0, 5)


def test_a_dtype_that_no_tensor_holds_is_refused_in_words():
    with pytest.raises(sb.Unconvertible, match="cannot become a tensor"):
        pooled.tensors_on([numbered(4, 16, dtype="float32").view("M8[s]").view([("x", "i4")])])


def test_each_row_lies_in_its_place():
    array = numbered(4, 16)
    with sb.no_copy():
        tensors = pooled.tensors_on_rows(array)
    assert [address(tensor) for tensor in tensors] == [array[k].ctypes.data for k in range(4)]


@pytest.mark.parametrize(
    "array",
    [
        numbered(4, 17)[:, :16],
        numbered(5, 5),
        numbered(129)[1:].reshape(8, 16),
        np.asfortranarray(numbered(16, 16)),
        numbered(4, 16).astype(">f4"),
        numbered(1, 16),
    ],
    ids=["gaps", "rows that are not aligned", "not aligned", "columns", "big-endian", "one row"],
)
def test_rows_of_any_layout_have_the_right_values(array):
    tensors = pooled.tensors_on_rows(array)
    assert len(tensors) == len(array)
    for tensor, row in zip(tensors, array, strict=True):
        np.testing.assert_array_equal(tensor, row)
        assert float(tf.reduce_sum(tensor + tensor)) == 2 * float(row.sum())


def test_rows_that_are_read_only_are_tensors_too():
    array = numbered(4, 16)
    array.flags.writeable = False
    tensors = pooled.tensors_on_rows(array)
    np.testing.assert_array_equal(tf.stack(tensors), array)


def test_inside_a_function_they_are_captured():
    array = numbered(4, 16)

    @tf.function
    def total():
        (one,) = pooled.tensors_on([array])
        return tf.reduce_sum(one)

    assert float(total()) == array.sum()
