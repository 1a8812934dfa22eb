"""Arrow IPC files and Feather: columns of a fixed size are mapped, all others refused by name."""

from __future__ import annotations

import pickle
import re
import sys

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.errors import CompressedMember, FileError, MissingPackage, UnknownFormat, WrongSize
from samebytes.memory.files import mapping_of, open_file

from .support import MODES, arrow_bytes


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.arrow"


def write(path, columns, rows=None, **options):
    path.write_bytes(arrow_bytes(columns, rows, **options))
    return path


# ------------------------------------------------------------------------------- what is there


@pytest.mark.parametrize("stream", [False, True], ids=["file", "stream"])
@pytest.mark.parametrize(
    "dtype", ["i1", "u1", "i2", "u2", "f2", "i4", "u4", "f4", "i8", "u8", "f8", "M8[us]", "m8[s]"]
)
def test_numbers_and_times(path, dtype, stream):
    values = np.arange(10).astype(dtype)
    found = open_file(write(path, {"x": values, "y": values[::-1]}, stream=stream))
    for name, expected in (("x", values), ("y", values[::-1])):
        assert (found[name].dtype, found[name].shape) == (values.dtype, (10,))
        assert found[name].tolist() == expected.tolist()
        assert mapping_of(found[name]).path == path
    assert mapping_of(found["x"]) is mapping_of(found["y"])


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        (pa.date32(), "i4"),
        (pa.date64(), "M8[ms]"),
        (pa.time32("s"), "i4"),
        (pa.time64("ns"), "i8"),
        (pa.timestamp("ns", tz="Europe/Berlin"), "M8[ns]"),
        (pa.duration("ms"), "m8[ms]"),
    ],
    ids=str,
)
def test_other_times(path, kind, dtype):
    numbers = pa.array([0, 86_400_000], pa.int32() if kind.bit_width == 32 else pa.int64())
    if kind == pa.time32("s"):
        numbers = pa.array([0, 5], pa.int32())
    found = open_file(write(path, {"x": numbers.view(kind)}))["x"]
    assert found.dtype == np.dtype(dtype)
    assert found.view(f"i{found.itemsize}").tolist() == numbers.to_pylist()


def test_lists_and_binaries_of_a_fixed_size_have_an_axis_more(path):
    values = np.arange(24, dtype="f4").reshape(4, 6)
    nested = pa.FixedSizeListArray.from_arrays(
        pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), 3), 2
    )
    codes = pa.array([b"abc", b"def", b"\0\0\0", b"xyz"], pa.binary(3))
    found = open_file(write(path, {"list": values, "nested": nested, "codes": codes}))
    assert found["list"].tolist() == values.tolist()
    assert found["nested"].tolist() == values.reshape(4, 2, 3).tolist()
    assert (found["codes"].dtype, found["codes"].shape) == (np.uint8, (4, 3))
    assert found["codes"].tobytes() == b"abcdef\0\0\0xyz"


def test_tensors_of_a_fixed_shape(path):
    values = np.arange(24, dtype="f4").reshape(2, 3, 4)
    plain = pa.FixedShapeTensorArray.from_numpy_ndarray(values)
    turned = pa.FixedShapeTensorArray.from_numpy_ndarray(values.transpose(0, 2, 1))
    found = open_file(write(path, {"plain": plain, "turned": turned}))
    np.testing.assert_array_equal(found["plain"], values)
    np.testing.assert_array_equal(found["turned"], turned.to_numpy_ndarray())
    empty = open_file(write(path, {"plain": plain[:0]}))["plain"]
    assert (empty.shape, empty.dtype) == ((0, 3, 4), np.float32)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 40), st.integers(1, 12), st.integers(1, 3), st.booleans(), st.sampled_from(MODES)
)
def test_record_batches_are_parts_end_to_end(tmp_path_factory, count, rows, width, stream, mode):
    path = tmp_path_factory.getbasetemp() / "parts.arrow"
    x = np.arange(count * width, dtype="i4").reshape(count, width)
    write(path, {"x": x, "y": np.arange(count)}, rows, stream=stream)
    found = sb.open(path, mode=mode)
    parts = -(-count // rows)
    for name, expected in (("x", x), ("y", np.arange(count))):
        column = found[name]
        assert type(column) is (sb.ConcatArray if parts > 1 else sb.Array)
        assert column.shape == expected.shape
        np.testing.assert_array_equal(column[np.arange(count)], expected)
        for part in column.arrays if parts > 1 else ():
            assert part.flags.writeable == (mode != "r")


def test_feather(path):
    table = pa.table({"x": np.arange(100_000), "y": np.ones(100_000, "f4")})
    pa.feather.write_feather(table, path, compression="uncompressed", chunksize=30_000)
    assert sb.open(path)["x"].shape == (100_000,)
    assert len(sb.open(path, key="y").arrays) == 4
    pa.feather.write_feather(table, path)
    words = rf"^{path} has columns that are compressed.*write_feather\(table, path, compress"
    with pytest.raises(CompressedMember, match=words):
        sb.open(path)


def test_a_dataset_reads_all_batches_and_goes_as_a_path(path):
    x = np.arange(3000, dtype="f4").reshape(1000, 3)
    write(path, {"x": x, "y": np.arange(1000)}, rows=10)
    table = sb.open(path)
    dataset = sb.Dataset.from_tensor_slices((table["x"], table["y"])).shuffle(seed=1).batch(1000)
    text = pickle.dumps(dataset)
    assert len(text) < 60_000
    again = pickle.loads(text)
    for found in (dataset, again):
        ((rows, numbers),) = found
        np.testing.assert_array_equal(rows, x[numbers])
    first, second = (component.arrays for component in again.arrays)
    assert len({id(mapping_of(part)) for part in (*first, *second)}) == 1
    write(path, {"x": x, "z": np.arange(1000)}, rows=10)
    with pytest.raises(FileError, match=r"in 'z', but held int64 .* in 'y' when the dataset was"):
        pickle.loads(text)


def test_what_is_written_reaches_the_file(path):
    write(path, {"x": np.arange(5)})
    sb.open(path, mode="r+", key="x")[2] = 77
    with pa.ipc.open_file(path) as file:
        assert file.read_all()["x"].to_pylist() == [0, 1, 77, 3, 4]


# ---------------------------------------------------------------------------- what is refused

REFUSED = {
    "bool": (pa.array([True, False]), r"of type bool, which packs eight values .*cast\('uint8'\)"),
    "text": (pa.array(["a", "bb"]), "of type string, which has no fixed size"),
    "list": (pa.array([[1], [2, 3]]), "of type list<item: int64>, which has no fixed size"),
    "codes": (pa.array(["a", "a"]).dictionary_encode(), "holds indices of values .*indices"),
    "null": (pa.nulls(2), "of type null, which holds only nulls"),
    "decimal": (pa.array([1, 2]).cast(pa.decimal128(20)), "or no counterpart in NumPy"),
    "record": (pa.array([{"a": 1}, {"a": 2}]), "of type struct<a: int64>, which"),
    "bools": (
        pa.FixedSizeListArray.from_arrays(pa.array([True] * 4), 2),
        r"of type fixed_size_list<item: bool>\[2\], which packs eight values into a byte",
    ),
    "nulls": (pa.array([1, None]), r"has nulls \(1 in a record batch of 2\), .*fill_null"),
    "inner": (
        pa.FixedSizeListArray.from_arrays(pa.array([1, None, 3, 4]), 2),
        r"has nulls \(1 in a record batch of 4\)",
    ),
    "outer": (pa.array([[1, 2], None], pa.list_(pa.int32(), 2)), "has nulls"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_columns_that_no_array_can_show_are_named_and_the_others_opened_by_name(path, name):
    column, words = REFUSED[name]
    write(path, {"before": np.arange(2), name: column, "behind": np.arange(2)})
    whole = rf"^{path}, column '{name}', .*{words}"
    with pytest.raises(
        FileError, match=rf"{whole}.* another array, pass .*'before' \(int64 .*'behind' \("
    ):
        sb.open(path)
    with pytest.raises(FileError, match=whole):
        sb.open(path, key=name)
    assert sb.open(path, key="behind").tolist() == [0, 1]


def test_nulls_in_a_later_batch(path):
    column = pa.array([0, 1, 2, 3, 4, None])
    with pytest.raises(FileError, match=r"column 'x', has nulls \(1 in a record batch of 2\)"):
        sb.open(write(path, {"x": column, "y": np.arange(6)}, rows=2))
    assert len(sb.open(path, key="y")) == 6


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
@pytest.mark.parametrize("stream", [False, True], ids=["file", "stream"])
def test_compressed_buffers_are_refused_before_they_are_read(path, compression, stream):
    write(path, {"x": np.zeros(1 << 20)}, compression=compression, stream=stream)
    pool = pa.default_memory_pool()
    before = pool.max_memory()
    with pytest.raises(CompressedMember, match=rf"^{path} has columns that are compressed"):
        sb.open(path)
    assert pool.max_memory() < before + (1 << 20)
    assert sb.open(write(path, {"x": np.zeros(0)}, compression=compression))["x"].shape == (0,)


def test_two_columns_of_one_name(path):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)
    with pytest.raises(FileError, match=r"has several columns named 'x': expected each name once"):
        sb.open(path)


def test_feather_of_version_1(path):
    path.write_bytes(b"FEA1" + bytes(100) + b"FEA1")
    with pytest.raises(UnknownFormat, match="is a Feather version 1 file: expected version 2"):
        sb.open(path)


def test_files_that_pyarrow_cannot_read(path):
    content = arrow_bytes({"x": np.arange(100)})
    for cut in (8, 20, 300, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(FileError, match=rf"^{path} begins like an Arrow file, but pyarrow c"):
            sb.open(path)


def test_a_buffer_that_is_too_small_is_told(path):
    content = arrow_bytes({"x": np.arange(3, dtype="i8")})
    # How many rows the record batch has, and how many values its column has.
    found = [place.start() for place in re.finditer(re.escape((3).to_bytes(8, "little")), content)]
    wrong = bytearray(content)
    for place in found:
        wrong[place : place + 8] = (300).to_bytes(8, "little")
    path.write_bytes(wrong)
    with pytest.raises(FileError) as refusal:
        sb.open(path)
    assert isinstance(refusal.value, WrongSize) or "pyarrow cannot read it" in str(refusal.value)


def test_without_pyarrow_it_says_what_to_install(path, monkeypatch):
    write(path, {"x": np.arange(3)})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        MissingPackage, match=rf"^{path} is an Arrow file.*: pip install pyarrow\.$"
    ):
        sb.open(path)


def test_a_pyarrow_that_would_unpickle_is_refused(path, monkeypatch):
    write(path, {"x": np.arange(3)})
    monkeypatch.setattr(pa, "__version__", "14.0.0")
    with pytest.raises(
        MissingPackage, match=r"pyarrow 14\.0\.0 may unpickle .* expected version 15"
    ):
        sb.open(path)


def test_numbers_that_begin_as_a_stream_are_raw(tmp_path):
    np.full(4, -1, "i4").tofile(tmp_path / "a.bin")
    assert open_file(tmp_path / "a.bin", "i4").tolist() == [-1] * 4
