"""Page-aligned arrays: any dtype, any shape, private, and given back when the last view dies."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samebytes.errors import Unconvertible
from samebytes.memory.aligned import (
    PAGE_BYTES,
    address_of,
    aligned,
    as_shape,
    empty,
    is_packed,
)

DTYPES = [
    *"?bBhHiIlLqQefdgFDG",
    ">i4",
    ">f8",
    "S7",
    "U3",
    ">U3",
    "V5",
    "M8[s]",
    "m8[ns]",
    [("a", "u1"), ("b", ">f4", (2,))],
    np.dtype([("a", "u1"), ("b", "f8")], align=True),
    ml_dtypes.bfloat16,
    ml_dtypes.float8_e4m3fn,
    ml_dtypes.float8_e5m2,
    ml_dtypes.int4,
    ml_dtypes.uint4,
]
SHAPES = [(), 0, 1, 5, (0,), (3, 0, 2), (2, 3), (1, 1, 1, 7), (513, 17)]
LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")


class TestEmpty:
    @pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).str)
    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    def test_begins_on_a_page_for_every_dtype_and_shape(self, shape, dtype):
        array = empty(shape, dtype)
        model = np.empty(shape, dtype)
        assert address_of(array) % PAGE_BYTES == 0
        assert (array.shape, array.dtype) == (model.shape, model.dtype)
        assert array.flags.c_contiguous
        assert array.size == 0 or array.strides == model.strides
        assert array.flags.writeable
        assert not any(array.tobytes())

    def test_is_float64_unless_told_otherwise(self):
        assert empty(3).dtype == np.float64

    def test_subarray_dtypes_add_axes_as_numpy_does(self):
        assert empty(2, np.dtype(("f4", (3,)))).shape == (2, 3)

    @pytest.mark.parametrize("dtype", ["O", [("a", "f4"), ("b", "O")]])
    def test_refuses_references_to_objects(self, dtype):
        with pytest.raises(Unconvertible, match="references to Python objects, which cannot live"):
            empty(3, dtype)

    @pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="NumPy 2 only")
    def test_refuses_strings_of_variable_length(self):
        with pytest.raises(Unconvertible, match="references"):
            empty(3, np.dtypes.StringDType())

    def test_values_survive_the_first_name_they_had(self):
        tail = empty((4, 1024), "u1")[3:]
        tail[...] = 7
        gc.collect()
        assert (tail == 7).all()

    @pytest.mark.parametrize("shape", [(1 << 42,), (1 << 40, 1 << 20), (1 << 70,)], ids=str)
    def test_what_no_machine_has_is_a_memory_error_with_the_size(self, shape):
        with pytest.raises(
            MemoryError, match=r"the system cannot allocate a block of [\d,]{12,} bytes"
        ):
            empty(shape, "V1024")

    def test_the_block_cannot_be_closed_under_a_living_array(self):
        array = empty(8)
        block = array.base
        while isinstance(block, np.ndarray):
            block = block.base
        if isinstance(block, memoryview):
            block = block.obj
        with pytest.raises(BufferError, match="exported pointers"):
            block.close()


class TestAsShape:
    class Shape:
        """Iterable and no Sequence, as a tf.TensorShape is."""

        def __repr__(self):
            return "Shape(2, 3)"

        def __iter__(self):
            return iter((2, 3))

    @pytest.mark.parametrize(
        ("shape", "lengths"),
        [
            (4, (4,)),
            (np.int64(4), (4,)),
            ((), ()),
            ([2, 3], (2, 3)),
            (np.array([2, 3]), (2, 3)),
            (np.array(4), (4,)),
            (range(3), (0, 1, 2)),
            (Shape(), (2, 3)),
        ],
        ids=repr,
    )
    def test_reads_what_numpy_reads(self, shape, lengths):
        found = as_shape(shape)
        assert found == lengths
        assert all(type(length) is int for length in found)

    def test_refuses_negative_lengths_in_words(self):
        message = "shape (2, -1) has a negative length; lengths are 0 or more"
        with pytest.raises(ValueError, match=re.escape(message)):
            as_shape((2, -1))

    @pytest.mark.parametrize("shape", [1.0, (2, 1.0), "23", None, (2, None)])
    def test_refuses_what_is_no_whole_number(self, shape):
        with pytest.raises(TypeError):
            as_shape(shape)


class TestAligned:
    def test_what_is_already_aligned_is_the_same_object(self):
        array = empty((5, 7), "f4")
        assert aligned(array) is array
        assert aligned(array, "float32") is array
        assert aligned(array, "=f4") is array

    @pytest.mark.parametrize(
        "view",
        [
            pytest.param(lambda a: a[:, ::2], id="step"),
            pytest.param(lambda a: a.T, id="transpose"),
            pytest.param(lambda a: a[::-1], id="backwards"),
            pytest.param(lambda a: a.reshape(-1)[1:], id="off the page"),
            pytest.param(lambda a: np.broadcast_to(a[0], (3, 8)), id="broadcast"),
            pytest.param(lambda a: a.astype(">f4"), id="byte order"),
        ],
    )
    def test_everything_else_is_copied_once_and_is_then_packed_native_and_aligned(self, view):
        source = empty((6, 8), "f4")
        source[...] = np.arange(48).reshape(6, 8)
        came = view(source)
        result = aligned(came)
        np.testing.assert_array_equal(result, came)
        assert is_packed(result)
        assert result.dtype == np.float32
        assert address_of(result) % PAGE_BYTES == 0
        assert not np.shares_memory(result, source)
        assert aligned(result) is result

    @pytest.mark.parametrize("dtype", ["f8", "i2", ml_dtypes.bfloat16, "c8", "?", "S6", "U6"])
    def test_converts_as_astype_does(self, dtype):
        source = np.array([[0.0, 1.5, 2.0], [3.25, 100.0, 7.0]], ">f4")
        result = aligned(source, dtype)
        expected = source.astype(dtype)
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result, expected)

    def test_a_foreign_byte_order_is_never_the_result(self):
        assert aligned(np.arange(3), ">i4").dtype.isnative

    def test_takes_lists_and_scalars(self):
        assert aligned([[1, 2], [3, 4]], "u1").tolist() == [[1, 2], [3, 4]]
        assert aligned(2.5).shape == ()

    @pytest.mark.parametrize("dtype", ["S5000000", "V5000000"])
    def test_one_enormous_value_without_axes_is_copied_too(self, dtype):
        source = np.zeros((), dtype)
        source.reshape(1).view("u1")[::1000] = 65
        assert aligned(source).tobytes() == source.tobytes()

    def test_structures_keep_their_padding_and_values(self):
        source = np.zeros(4, np.dtype([("a", ">u2"), ("b", "f8")], align=True))[::2]
        source["a"] = [1, 2]
        result = aligned(source)
        assert result["a"].tolist() == [1, 2]
        assert result.dtype["a"].isnative
        assert is_packed(result)

    @given(
        st.sampled_from(["u1", ">i2", "f4", "c16", "S3"]),
        st.lists(st.integers(0, 5), max_size=3),
        st.integers(0, 63),
    )
    def test_equals_its_source_wherever_that_lies(self, dtype, shape, offset):
        kind = np.dtype(dtype)
        nbytes = int(np.prod(shape, dtype=int)) * kind.itemsize
        room = (np.arange(nbytes + 64) % 127).astype("u1")
        source = np.ndarray(shape, kind, room, offset)
        result = aligned(source)
        np.testing.assert_array_equal(result, source)
        assert address_of(result) % PAGE_BYTES == 0


def rss_anon() -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) << 10


@LINUX
class TestSystemMemory:
    def test_costs_nothing_until_it_is_touched(self):
        before = rss_anon()
        array = empty(1 << 32, "u1", huge_pages=False)
        array[:: 1 << 28] = 1
        assert rss_anon() - before < 8 << 20

    def test_goes_back_to_the_system_when_the_last_view_dies(self):
        before = rss_anon()
        array = empty(64 << 20, "u1")
        array[...] = 1
        last = array[5:6].reshape(1, 1)
        del array
        gc.collect()
        assert rss_anon() - before > 48 << 20
        address = address_of(last)
        del last
        gc.collect()
        assert rss_anon() - before < 16 << 20
        mapped = [
            line.split()[0].split("-") for line in Path("/proc/self/maps").read_text().splitlines()
        ]
        assert not any(int(low, 16) <= address < int(high, 16) for low, high in mapped)

    def test_a_forked_child_writes_into_its_own_copy(self):
        script = """
import os
from samebytes.memory.aligned import empty
array = empty(1 << 21, "u1")
array[...] = 1
child = os.fork()
if child == 0:
    array[...] = 2
    os._exit(0 if (array == 2).all() else 3)
_, status = os.waitpid(child, 0)
assert status == 0, status
assert (array == 1).all()
print("private")
"""
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.stdout, done.stderr, done.returncode) == ("private\n", "", 0)
