"""`as_array`: any buffer as an ndarray on its bytes, read anew as np.frombuffer does."""

from __future__ import annotations

import pickle
import re

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import samebytes as sb

DTYPES = ["u1", "i2", ">i4", "f8", "?", "S3", "c8", "u1,>f4", ml_dtypes.bfloat16, ("f4", (2,))]


def copied_since(before):
    after = sb.stats()
    return after.copied - before.copied, after.bytes_copied - before.bytes_copied


class TestLikeFrombuffer:
    @given(
        st.binary(min_size=1, max_size=80),
        st.sampled_from(DTYPES),
        st.integers(-2, 90),
        st.one_of(st.none(), st.integers(0, 12)),
    )
    def test_same_values_or_both_refuse(self, buffer, dtype, offset, count):
        try:
            expected = np.frombuffer(buffer, dtype, -1 if count is None else count, offset)
        except ValueError:
            # Of no bytes frombuffer makes nothing, and as_array an array of length 0.
            if offset == len(buffer) and not count:
                assert sb.as_array(buffer, dtype, count, offset=offset).size == 0
                return
            with pytest.raises(ValueError, match=r"offset|do not divide|takes"):
                sb.as_array(buffer, dtype, count, offset=offset)
            return
        found = sb.as_array(buffer, dtype, count, offset=offset)
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        assert found.tobytes() == expected.tobytes()
        assert found.size == 0 or found.ctypes.data == expected.ctypes.data
        assert not found.flags.writeable

    @given(
        st.lists(st.integers(0, 4), max_size=3),
        st.sampled_from(["u1", "i2", "f4"]),
        st.integers(0, 3),
        st.data(),
    )
    def test_one_length_may_be_left_open(self, shape, dtype, offset, data):
        kind = np.dtype(dtype)
        count = int(np.prod(shape, dtype=int))
        buffer = bytearray(i % 120 for i in range(offset + count * kind.itemsize))
        asked = list(shape)
        if asked:
            asked[data.draw(st.integers(0, len(asked) - 1))] = -1
        if 0 in asked:
            with pytest.raises(ValueError, match=r"0 bytes each; pass offset= or a full shape="):
                sb.as_array(buffer, kind, asked, offset=offset)
            return
        found = sb.as_array(buffer, kind, asked, offset=offset)
        np.testing.assert_array_equal(
            found, np.frombuffer(buffer, kind, count, offset).reshape(shape)
        )
        assert count == 0 or np.shares_memory(found, np.frombuffer(buffer, "u1"))

    @pytest.mark.parametrize(
        ("arguments", "offset", "sentence"),
        [
            (("u1",), 9, "offset 9 lies outside the buffer of 8 bytes"),
            (("u1",), -1, "offset -1 lies outside the buffer of 8 bytes"),
            (("u4",), 1, "7 bytes do not divide into uint32 of shape (-1,), 4 bytes each"),
            (("u1", (3, -1)), 0, "8 bytes do not divide into uint8 of shape (3, -1), 3 bytes"),
            (("u4", 3), 0, "uint32 of shape (3,) takes 12 bytes, but from the offset on the"),
            (("u4", (2,)), 4, "buffer of 8 bytes has only 4"),
            (("u1", (-1, -1)), 0, "shape (-1, -1) has a negative length"),
            (("u1", (-3,)), 0, "shape (-3,) has a negative length"),
            (("O",), 0, "does not say how many bytes make a value"),
            (("V",), 0, "expected one that does, such as 'float32' or 'S16'"),
            (("u1,O",), 0, "does not say how many bytes make a value"),
        ],
    )
    def test_says_in_words_what_does_not_fit(self, arguments, offset, sentence):
        with pytest.raises(ValueError, match=re.escape(sentence)):
            sb.as_array(b"12345678", *arguments, offset=offset)

    def test_fewer_values_than_there_are_is_fine(self):
        assert sb.as_array(b"12345678", "u1", 3).tolist() == [49, 50, 51]

    def test_a_shape_without_axes_is_one_value(self):
        array = sb.as_array(b"\x01\x00\x00\x00rest", "<u4", ())
        assert array.shape == ()
        assert array[()] == 1

    def test_a_shape_alone_keeps_the_dtype(self):
        source = np.arange(6, dtype="i2")
        array = sb.as_array(source, shape=(2, 3))
        assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
        assert np.shares_memory(array, source)

    def test_values_may_begin_on_any_byte(self):
        array = sb.as_array(b"\xff" + np.array([1.5, 2.5]).tobytes(), "f8", offset=1)
        assert array.tolist() == [1.5, 2.5]
        assert not array.flags.aligned or array.ctypes.data % 8 == 0

    def test_n_dimensional_buffers_are_read_as_their_bytes_in_order(self):
        source = memoryview(np.arange(6, dtype="u2").reshape(2, 3))
        assert sb.as_array(source, "u1").tolist() == [0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0]


class TestSharing:
    def test_a_memoryview_is_sliced_in_n_dimensions_as_the_article_wants(self):
        images = np.arange(2 * 16 * 16 * 3, dtype="u2").reshape(2, 16, 16, 3)
        exported = memoryview(images)
        with pytest.raises(NotImplementedError, match="multi-dimensional slic"):
            exported[:, 4:12, 4:12, :]
        crop = sb.as_array(exported)[:, 4:12, 4:12, :]
        assert type(crop) is sb.Array
        np.testing.assert_array_equal(crop, images[:, 4:12, 4:12, :])
        crop[...] = 7
        assert (images[:, 4:12, 4:12] == 7).all()

    @pytest.mark.parametrize(
        "view",
        [
            lambda x: x[::2, ::-1],
            lambda x: x.T,
            lambda x: x[:0],
            lambda x: np.broadcast_to(x[0], (5, 6)),
            lambda x: x.astype(">f4"),
        ],
    )
    def test_any_strides_and_byte_order_are_shared_as_they_are(self, view):
        came = view(np.arange(24, dtype="f4").reshape(4, 6))
        before = sb.stats()
        array = sb.as_array(came, copy=False)
        assert (array.shape, array.strides, array.dtype) == (came.shape, came.strides, came.dtype)
        assert array.ctypes.data == came.ctypes.data
        assert copied_since(before) == (0, 0)

    def test_read_only_stays_read_only(self):
        source = np.arange(3)
        assert sb.as_array(source).flags.writeable
        source.flags.writeable = False
        assert not sb.as_array(source).flags.writeable
        assert not sb.as_array(memoryview(bytearray(3)).toreadonly()).flags.writeable


class TestCopies:
    @pytest.mark.parametrize("readonly", [False, True])
    @pytest.mark.parametrize("arguments", [(), ("u1",), ("u2", (3, 2))], ids=str)
    def test_copy_true_never_aliases_and_is_writable_and_aligned(self, readonly, arguments):
        source = sb.zeros(6, "u2")
        source[...] = range(6)
        source.flags.writeable = not readonly
        before = sb.stats()
        array = sb.as_array(source, *arguments, copy=True)
        assert copied_since(before) == (1, 12)
        assert not np.shares_memory(array, source)
        assert array.tobytes() == source.tobytes()
        assert array.ctypes.data % 4096 == 0
        assert array.flags.writeable

    def test_strided_bytes_read_anew_are_gathered_once(self):
        source = np.arange(24, dtype="u2").reshape(4, 6)[:, ::2]
        before = sb.stats()
        array = sb.as_array(source, "u1", (4, -1), offset=0)
        assert copied_since(before) == (1, 24)
        assert array.tobytes() == source.tobytes()
        assert array.shape == (4, 6)

    @pytest.mark.parametrize("arguments", [{"dtype": "u1"}, {"shape": -1}, {"offset": 2}], ids=str)
    def test_copy_false_raises_with_the_verdict(self, arguments):
        source = np.arange(24, dtype="u2").reshape(4, 6).T
        before = sb.stats()
        with pytest.raises(sb.CopyNeeded, match=r"copy=False forbids a copy.*\n.*to NumPy") as info:
            sb.as_array(source, **arguments, copy=False)
        verdict = info.value.verdict
        assert verdict.codes == (sb.Code.STRIDES,)
        assert verdict.bytes_copied == 48
        assert copied_since(before) == (0, 0)

    def test_copy_needed_survives_pickling(self):
        with pytest.raises(sb.CopyNeeded) as info:
            sb.as_array(np.zeros((4, 4))[:, 1:], "u1", copy=False)
        again = pickle.loads(pickle.dumps(info.value))
        assert type(again) is sb.CopyNeeded
        assert str(again) == str(info.value)
        assert again.verdict == info.value.verdict
        assert again.forbidden_by == "copy=False"

    def test_copy_needed_is_the_value_error_that_numpy_raises(self):
        with pytest.raises(ValueError, match="forbids a copy"):
            sb.as_array(np.zeros((4, 4)).T, "u1", copy=False)

    def test_an_array_of_objects_is_not_read_as_bytes(self):
        with pytest.raises(TypeError, match=r"references|object array"):
            sb.as_array(np.array([object()]), "u1")
