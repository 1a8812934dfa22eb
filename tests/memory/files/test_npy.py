"""The .npy format: every header np.save writes, and every one that lies."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from samebytes.errors import FileError, PickledData, UnknownFormat, WrongSize
from samebytes.memory.files import mapping_of, open_file

from .support import header_of, npy_bytes, npy_with_header


@pytest.fixture
def opened(tmp_path):
    def open_content(content):
        (tmp_path / "a.npy").write_bytes(content)
        return open_file(tmp_path / "a.npy")

    return open_content


def assert_inside_its_mapping(array):
    every_byte = np.frombuffer(mapping_of(array), np.uint8)
    first = array.__array_interface__["data"][0] - every_byte.__array_interface__["data"][0]
    assert 0 <= first <= first + array.nbytes <= every_byte.nbytes


ARRAYS = {
    "0-d": np.array(7.5),
    "empty": np.empty((0, 3), "int16"),
    "fortran": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "big-endian": np.arange(5, dtype=">i4"),
    "structured": np.array([(1, 2.5, b"ab"), (3, 4.5, b"cd")], "u1,>f8,S2"),
    "padded": np.zeros(3, np.dtype("u1,f8", align=True)),
    "nested": np.zeros((2, 2), [("a", [("b", "<i2", (3,))]), ("c", "?")]),
    "dates": np.array(["2024-01-01", "NaT"], "M8[D]"),
    "text": np.array(["één", "two"]),
    "complex": np.ones((3, 1), "complex64"),
    "void": np.zeros(3, "V5"),
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS.keys())
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_opens_as_numpy_loads_it(opened, array, version):
    content = npy_bytes(array, version=version)
    found = opened(content)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.flags.f_contiguous == array.flags.f_contiguous
    assert found.tobytes() == array.tobytes()
    assert type(found) is np.ndarray
    assert_inside_its_mapping(found)


def test_field_names_of_version_3(opened):
    array = np.array([(1, 2)], [("größe", "u1"), ("数", "i8")])
    content = npy_bytes(array, version=(3, 0))
    assert opened(content).dtype == array.dtype


@pytest.mark.filterwarnings("ignore:Stored array in format")
@settings(max_examples=150, deadline=None)
@given(
    array=hnp.arrays(
        dtype=st.one_of(
            hnp.scalar_dtypes(), hnp.unicode_string_dtypes(), hnp.array_dtypes(allow_subarrays=True)
        ),
        shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
        fill=st.nothing(),
    ),
    order=st.sampled_from("CF"),
)
def test_whatever_is_saved_opens_equal(array, order):
    array = np.asarray(array, order=order)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.npy")
        np.save(path, array, allow_pickle=False)
        loaded, found = np.load(path), open_file(path)
    assert (found.dtype, found.shape) == (loaded.dtype, loaded.shape)
    assert found.tobytes() == loaded.tobytes()
    assert found.strides == loaded.strides or found.size <= 1 or 1 in found.shape
    assert_inside_its_mapping(found)


LIES = {
    "negative": header_of(shape="(-2,)"),
    "negative pair": header_of(shape="(-1, -2)"),
    "bool": header_of(shape="(True,)"),
    "float": header_of(shape="(2.0,)"),
    "list": header_of(shape="[2]"),
    "int": header_of(shape="2"),
    "overflow": header_of(shape="(9223372036854775807, 4)"),
    "beyond int64": header_of(shape="(9223372036854775808, 0)"),
    "empty overflow": header_of(shape="(0, 9223372036854775807, 9)"),
    "thousand digits": header_of(shape=f"({'9' * 1000},)"),
    "too many digits": header_of(shape=f"({'9' * 5000},)"),
    "many axes": header_of(shape=f"({'999999999999999999, ' * 300})"),
    "65 axes": header_of(shape=f"({'1,' * 65})"),
    "no shape": "{'descr': '<f4', 'fortran_order': False}",
    "extra key": "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
    "order": header_of(fortran_order="1"),
    "not a dict": "('<f4', False, (2,))",
    "unhashable": "{[]: 1}",
    "call": "__import__('os').getcwd()",
    "garbage": b"\xff\xfe\x00garbage",
    "open bracket": "((((",
    "indent": "  1\n 2\n",
    "deep": "(" * 9000,
    "deep minus": "-" * 9900 + "1",
    "deep plus": "1+" * 4900 + "1",
    "no such dtype": header_of(descr="'<q17'"),
    "float8": header_of(descr="'<f1'"),
    "no dtype": header_of(descr="None"),
    "huge dtype": header_of(descr="'V99999999999999'"),
    "empty tuple": header_of(descr="()"),
    "subarray": header_of(descr="('<f4', (2,))", shape="(1,)"),
    "huge subarray": header_of(descr="('<f4', (1000000000, 1000000000))"),
    "same field twice": header_of(descr="[('a', '<f4'), ('a', '<f4')]"),
    "field of nothing": header_of(descr="[()]"),
    "nothing": "",
}


@pytest.mark.parametrize("header", LIES.values(), ids=LIES.keys())
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_lying_headers_are_file_errors_that_name_the_file(opened, header, version):
    for data in (b"", bytes(8)):
        with pytest.raises(FileError, match=r"a\.npy has an? .*header") as caught:
            opened(npy_with_header(header, data, version))
        assert len(str(caught.value)) < 1000


def test_an_unreadable_header_says_what_to_do(opened):
    with pytest.raises(FileError, match=r"Expected descr.* np\.save, or open it raw .*offset=17"):
        opened(npy_with_header("garbage", bytes(8)))


def test_a_header_of_python_2_is_told_as_numpy_tells_it(opened):
    content = npy_with_header(header_of(shape="(2L,)"), bytes(8))
    with pytest.raises(FileError, match=r"created on Python 2\. Save the file again"):
        opened(content)
    with pytest.warns(UserWarning, match="created on Python 2"):
        assert opened(content).shape == (2,)


def test_header_lengths(opened):
    whole = npy_bytes(np.arange(3))
    for length in (6, 8, 9, 10, 127):
        with pytest.raises(FileError, match=r"a\.npy (ends within|does not begin)"):
            opened(whole[:length])
    with pytest.raises(WrongSize, match=r"expected 65,545 bytes or more, found 152 bytes"):
        opened(whole[:8] + b"\xff\xff" + whole[10:])
    with pytest.raises(WrongSize, match="ends within its header"):
        opened(npy_with_header(header_of(), b"", (2, 0))[:8] + b"\xff\xff\xff\xff")
    with pytest.raises(FileError, match=r"header of 10,001 bytes: expected at most 10,000 bytes"):
        opened(npy_with_header(" " * 10_001, bytes(8)))


def test_unknown_versions(opened):
    with pytest.raises(FileError, match=r"a\.npy is a \.npy file of version 9\.1: expected 1\.0"):
        opened(b"\x93NUMPY\x09\x01" + bytes(100))


@pytest.mark.parametrize("descr", ["'|O'", "'O8'", "'f4,O'", "[('a', [('b', 'O')])]"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_objects_are_refused_however_deep(opened, descr, version):
    with pytest.raises(PickledData, match=r"a\.npy has the dtype .*never read.* Save the array"):
        opened(npy_with_header(header_of(descr=descr), bytes(8), version))


@pytest.mark.skipif(not hasattr(np, "dtypes") or np.__version__ < "2", reason="came with NumPy 2")
@pytest.mark.parametrize("descr", ["'T'", "'T,i8'"])
def test_strings_of_any_length_are_refused(opened, descr):
    with pytest.raises(FileError):
        opened(npy_with_header(header_of(descr=descr), bytes(100)))


def test_cut_short(opened):
    content = npy_bytes(np.arange(1000.0))
    with pytest.raises(
        WrongSize,
        match=r"a\.npy .*\(shape \(1000,\), dtype float64\): expected 8,000 bytes, found 7,999",
    ):
        opened(content[:-1])


def test_more_than_the_header_tells_is_never_ignored(opened, tmp_path):
    first, second = npy_bytes(np.arange(4)), npy_bytes(np.arange(9))
    with pytest.raises(WrongSize, match=r"expected 32 bytes, found 232 bytes.* has offset=128"):
        opened(first + second)
    part = open_file(tmp_path / "a.npy", "int64", 9, offset=len(first) + 128)
    assert part.tolist() == list(range(9))


def test_bytes_that_are_no_npy_file(opened):
    with pytest.raises(UnknownFormat, match=r"begins neither"):
        opened(b"\x93NUMPX" + bytes(100))
