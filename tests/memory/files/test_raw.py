"""Raw files: dtype, shape and offset against the size of the file."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samebytes.errors import PickledData, WrongSize
from samebytes.memory.files import mapping_of, open_file

from .support import MODES


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("raw") / "a.bin"
    path.write_bytes(np.arange(24, dtype="<i2").tobytes())
    return path


@given(
    dtype=st.sampled_from(["u1", ">i2", "<f4", "<c8", "S3", "u1,<u2"]),
    shape=st.one_of(st.none(), st.integers(-1, 30), st.lists(st.integers(-1, 5), max_size=3)),
    offset=st.integers(0, 60),
)
def test_equals_numpy_or_is_refused(path, dtype, shape, offset):
    rest = path.read_bytes()[offset:]
    try:
        found = open_file(path, dtype, shape, offset=offset)
    except ValueError:
        lengths = [-1] if shape is None else np.atleast_1d(shape).tolist()
        one = np.dtype(dtype).itemsize * int(np.prod([n for n in lengths if n != -1]))
        if -1 in lengths:
            assert lengths.count(-1) > 1 or 0 in lengths or not rest or len(rest) % one
        else:
            assert one > len(rest) or offset > 48
        return
    expected = np.frombuffer(rest[: found.nbytes], dtype).reshape(found.shape)
    assert found.dtype == expected.dtype
    assert found.tobytes() == expected.tobytes()
    if shape is None or -1 in np.atleast_1d(shape):
        assert found.nbytes == len(rest)
    else:
        assert found.shape == tuple(np.atleast_1d(shape))
    assert mapping_of(found) is not None


def test_shapes(path):
    assert open_file(path, "<i2").shape == (24,)
    assert open_file(path, "<i2", 5).shape == (5,)
    assert open_file(path, "<i2", (2, -1, 3)).shape == (2, 4, 3)
    assert open_file(path, "<i2", [np.int64(4), 6]).shape == (4, 6)
    assert open_file(path, "<i2", ()).shape == ()
    assert open_file(path, "<i2", (0, 7), offset=48).shape == (0, 7)
    assert open_file(path, "<i2", (2, 3), offset=2).tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "int4"])
def test_dtypes_of_ml_dtypes(tmp_path, name):
    values = np.arange(6).astype(getattr(ml_dtypes, name))
    (tmp_path / "a.bin").write_bytes(values.tobytes())
    found = open_file(tmp_path / "a.bin", values.dtype, (2, 3))
    assert found.dtype == values.dtype
    assert found.astype("f4").ravel().tolist() == [0, 1, 2, 3, 4, 5]


def test_unaligned_offsets_give_unaligned_arrays(path):
    found = open_file(path, "<i2", 3, offset=1)
    assert not found.flags.aligned
    assert found.tobytes() == path.read_bytes()[1:7]


def test_too_small(path):
    with pytest.raises(
        WrongSize,
        match=r"a\.bin \(48 bytes\) is too small for shape \(10, 10\) of float32 from offset=8: "
        r"expected 400 bytes, found 40 bytes",
    ):
        open_file(path, "float32", (10, 10), offset=8)


def test_absurd_shapes(path):
    with pytest.raises(WrongSize, match="expected more bytes than a computer can address, found"):
        open_file(path, "float32", (2**62, 2**62))


@pytest.mark.parametrize(("shape", "one"), [(None, 5), (-1, 5), ((2, -1), 10)])
def test_the_rest_must_divide_evenly(path, shape, one):
    with pytest.raises(
        WrongSize,
        match=rf"does not fit .* expected a multiple of {one} bytes, found 47 bytes, which leaves "
        rf"{47 % one} bytes over",
    ):
        open_file(path, "S5", shape, offset=1)


def test_offsets_at_and_past_the_end(path):
    with pytest.raises(WrongSize, match=r"expected a multiple of 1 byte, found 0 bytes\. Correct"):
        open_file(path, "u1", offset=48)
    with pytest.raises(WrongSize, match=r"ends before offset=49: expected 49 bytes or more, found"):
        open_file(path, "u1", 0, offset=49)


def test_arguments_that_make_no_sense(path):
    with pytest.raises(ValueError, match=r"offset is -1: expected the number of bytes"):
        open_file(path, "u1", offset=-1)
    with pytest.raises(ValueError, match=r"shape is \(-2,\): expected lengths of 0 or more"):
        open_file(path, "u1", -2)
    with pytest.raises(ValueError, match=r"shape is \(-1, -1\): expected .* one of them may be -1"):
        open_file(path, "u1", (-1, -1))
    with pytest.raises(ValueError, match=r"shape is \(-1, 0\): next to a length of 0"):
        open_file(path, "u1", (-1, 0))
    for shape in (2.0, "ab", (2.5,), {"a"}):
        with pytest.raises(TypeError, match="expected an int or a tuple of ints"):
            open_file(path, "u1", shape)
    with pytest.raises(
        ValueError, match=r"elements take 0 bytes: expected a dtype with a size, .* 'S16'"
    ):
        open_file(path, "S")
    with pytest.raises(TypeError, match="not understood"):
        open_file(path, "no such type")


@pytest.mark.parametrize("dtype", ["O", "f4,O", np.dtype([("a", [("b", "O")])])])
def test_objects_are_refused(path, dtype):
    with pytest.raises(PickledData, match=r"dtype is .* which has objects.* never read"):
        open_file(path, dtype)


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_file_holds_an_empty_shape(tmp_path, mode):
    path = tmp_path / "a.bin"
    path.touch()
    found = open_file(path, ">f4", (0, 3), mode=mode)
    assert (found.shape, found.dtype, found.flags.writeable) == ((0, 3), ">f4", mode != "r")
    for shape, offset in ((None, 0), (1, 0), (0, 1)):
        with pytest.raises(WrongSize, match=r"a\.bin is empty"):
            open_file(path, "f4", shape, offset=offset, mode=mode)
    with pytest.raises(ValueError, match="mode is 'w'"):
        open_file(path, "f4", 0, mode="w")


def test_fortran_order(tmp_path):
    values = np.arange(24, dtype="<i2").reshape(2, 3, 4)
    path = tmp_path / "a.bin"
    path.write_bytes(values.tobytes("F"))
    for shape in ((2, 3, 4), (2, -1, 4), (-1, 3, 4)):
        array = open_file(path, "<i2", shape, order="F")
        assert array.flags.f_contiguous
        np.testing.assert_array_equal(array, values)
    behind = open_file(path, "<i2", (2, -1), order="F", offset=8)
    np.testing.assert_array_equal(behind.T.reshape(-1), values.reshape(-1, order="F")[4:])
    open_file(path, "<i2", (2, 3, 4), order="F", mode="r+")[1, 0, 0] = 77
    assert open_file(path, "<i2")[1] == 77
    path.write_bytes(b"")
    assert open_file(path, "<i2", (0, 3), order="F").shape == (0, 3)
