"""Zarr stores: arrays of both versions, sharded, in groups and in zip files, read by chunks."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import warnings

import numpy as np
import pytest
from tests.chunked import write, zarr_or_skip

import samebytes as sb
from samebytes.errors import FileError, MissingPackage, UnknownFormat

zarr = zarr_or_skip()

VALUES = np.arange(360, dtype="i4").reshape(20, 6, 3)
KINDS = ("zarr2", "zarr3", "sharded", "zip")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "dtype", ["?", "u1", "<i2", ">i2", "<f2", ">f4", "f8", "<u8", "c8", "S5", "<U3", "M8[s]"]
)
def test_equals_what_zarr_reads(path, kind, dtype):
    if np.dtype(dtype).kind == "U":
        values = np.array(["a", "", "bcd"] * 8).reshape(12, 2)
    else:
        values = np.arange(24).astype(dtype).reshape(12, 2)
    where = write(path, kind, values, (5, 2))
    found = sb.open(where)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = zarr.storage.ZipStore(where) if kind == "zip" else where
        expected = zarr.open(store, mode="r")
    assert type(found) is sb.LazyArray
    assert (found.shape, found.chunks) == ((12, 2), (5, 2))
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(np.asarray(found), values)
    batches = np.concatenate(list(sb.Dataset.from_tensor_slices(found).shuffle(seed=0).batch(5)))
    np.testing.assert_array_equal(np.sort(batches, 0), np.sort(values, 0))


def test_records(path):
    values = np.zeros(10, [("a", "<i4"), ("b", "<f8")])
    values["a"], values["b"] = np.arange(10), 0.5
    found = sb.open(write(path, "zarr2", values, (4,)))
    assert found.dtype == values.dtype
    assert np.asarray(found).tobytes() == values.tobytes()
    batches = list(sb.Dataset.from_tensor_slices(found).batch(3))
    assert np.concatenate(batches).tobytes() == values.tobytes()


def group(path, version):
    made = zarr.create_group(path.with_suffix(".zarr"), zarr_format=version)
    made.create_array("x", data=VALUES, chunks=(4, 6, 3))
    made.create_group("deep").create_array("y", data=VALUES[:, 0], chunks=(20, 3))
    return path.with_suffix(".zarr")


@pytest.mark.parametrize("version", [2, 3])
def test_a_group_is_a_dict_and_key_chooses(path, version):
    where = group(path, version)
    found = sb.open(where)
    assert list(found) == ["deep/y", "x"]
    np.testing.assert_array_equal(np.asarray(found["deep/y"]), VALUES[:, 0])
    for key in ("x", "/x", "x/"):
        np.testing.assert_array_equal(sb.open(where, key=key)[3], VALUES[3])
    np.testing.assert_array_equal(sb.open(where / "deep" / "y")[3], VALUES[3, 0])
    words = rf"^{where} has nothing named 'z': expected key= to be one of 'deep/y', 'x'\.$"
    for key in ("z", "deep", ""):
        with pytest.raises(FileError, match=words.replace("'z'", repr(key))):
            sb.open(where, key=key)
    assert sb.open(shutil.copytree(where / "deep", where.with_name("d.zarr")))["y"].shape == (20, 3)


def test_the_only_array_has_no_name(path):
    where = write(path, "zarr3", VALUES, (4, 6, 3))
    with pytest.raises(FileError, match=r"expected no key=, since it is a single array\.$"):
        sb.open(where, key="x")
    empty = zarr.create_group(path.with_suffix(".empty"))
    assert sb.open(path.with_suffix(".empty")) == {}
    assert empty is not None


def test_several_stores_are_one_source(tmp_path):
    for part in range(3):
        write(tmp_path / f"part-{part}", "zarr3", VALUES + part, (4, 6, 3))
    found = sb.open(tmp_path / "part-*.zarr")
    assert found.shape == (60, 6, 3)
    (batch,) = sb.Dataset.from_tensor_slices(found).batch(60)
    np.testing.assert_array_equal(batch, np.concatenate([VALUES, VALUES + 1, VALUES + 2]))


def test_no_layout_is_needed_and_no_mode_but_reading(path):
    where = write(path, "zarr3", VALUES, (4, 6, 3))
    with pytest.raises(ValueError, match=r"is a zarr store, whose metadata gives the shape"):
        sb.open(where, order="F")
    with pytest.raises(ValueError, match="mode"):
        sb.open(where, mode="w")


@pytest.mark.parametrize("version", [2, 3])
def test_what_has_no_fixed_size_is_refused(path, version):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = zarr.create_array(
            path.with_suffix(".zarr"), shape=(3,), dtype=str, zarr_format=version
        )
        made[:] = np.array(["a", "bb", "c"], object)
        with pytest.raises(UnknownFormat, match=r"whose values have no fixed size: expected numb"):
            sb.open(path.with_suffix(".zarr"))


def test_what_was_never_written_is_the_fill_value(path):
    made = zarr.create_array(
        path.with_suffix(".zarr"), shape=(20, 3), chunks=(4, 3), dtype="f4", fill_value=7
    )
    made[:4] = 1
    found = np.concatenate(
        list(sb.Dataset.from_tensor_slices(sb.open(path.with_suffix(".zarr"))).batch(3))
    )
    assert (found[:4] == 1).all()
    assert (found[4:] == 7).all()


@pytest.mark.parametrize("content", [b"", b"{", b'{"zarr_format": 9}'])
def test_metadata_that_says_nothing_is_told(path, content):
    where = write(path, "zarr3", VALUES, (4, 6, 3))
    (where / "zarr.json").write_bytes(content)
    with pytest.raises(FileError, match=rf"^{where} looks like a zarr store, but zarr cannot open"):
        sb.open(where)


def test_a_zip_file_that_is_none_is_told(path):
    where = path.with_suffix(".zarr.zip")
    where.write_bytes(b"PK nothing")
    with pytest.raises(FileError, match=r"a\.zarr\.zip looks like a zarr store, but zarr cannot"):
        sb.open(where)


def test_without_zarr_it_says_what_to_install(path, monkeypatch):
    where = write(path, "zarr3", VALUES, (4, 6, 3))
    monkeypatch.setitem(sys.modules, "zarr", None)
    for key in (None, "x"):
        with pytest.raises(
            MissingPackage, match=rf'^{where} is a zarr store.*: pip install "zarr>=3"\.$'
        ):
            sb.open(where, key=key)


def test_a_folder_that_is_no_store_is_a_folder(tmp_path):
    with pytest.raises(IsADirectoryError):
        sb.open(tmp_path)


def test_a_store_is_found_again_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    for kind in KINDS:
        where = write(tmp_path / kind, kind, VALUES, (4, 6, 3))
        monkeypatch.chdir(tmp_path)
        found = sb.open(where.name)
        assert found.name == where.name
        dataset = sb.Dataset.from_tensor_slices(found).batch(20)
        monkeypatch.chdir(tmp_path / "other")
        np.testing.assert_array_equal(next(iter(dataset)), VALUES)
        np.testing.assert_array_equal(next(iter(pickle.loads(pickle.dumps(dataset)))), VALUES)


# -------------------------------------------------------------------------- arrays that are given


@pytest.mark.parametrize("kind", KINDS)
def test_an_array_of_zarr_is_a_source(path, kind):
    where = write(path, kind, VALUES, (4, 6, 3))
    store = zarr.storage.ZipStore(where) if kind == "zip" else where
    dataset = sb.Dataset.from_tensor_slices((zarr.open(store, mode="r"), np.arange(20))).batch(20)
    np.testing.assert_array_equal(next(iter(dataset))[0], VALUES)
    assert f"read from {where.name}" in str(dataset)
    np.testing.assert_array_equal(next(iter(pickle.loads(pickle.dumps(dataset))))[0], VALUES)


def test_an_array_of_zarr_in_memory_is_a_source():
    made = zarr.create_array({}, data=VALUES, chunks=(4, 6, 3))
    dataset = sb.Dataset.from_tensor_slices(made).batch(20)
    np.testing.assert_array_equal(next(iter(dataset)), VALUES)
    one = zarr.create_array({}, data=np.array(3.5))
    with pytest.raises(ValueError, match="component 0 is a single value"):
        sb.Dataset.from_tensor_slices(one)


# ------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_that_was_replaced_since_is_told_also_by_a_pickle(path, kind):
    where = write(path, kind, VALUES, (4, 6, 3))
    found = sb.open(where)
    text = pickle.dumps(found)
    if where.is_dir():
        shutil.rmtree(where)
    else:
        where.unlink()
    with pytest.raises(FileError, match=rf"^{where} was deleted after it was opened: expected it"):
        found[3]
    os.utime(write(path, kind, VALUES + 1, (4, 6, 3)))
    with pytest.raises(FileError, match=rf"^{where} was replaced or written anew after it was op"):
        found[3]
    with pytest.raises(FileError, match=rf"^{where} was replaced or written anew after it was op"):
        pickle.loads(text)[3]


@pytest.mark.parametrize("kind", ["zarr2", "zarr3", "sharded", "plain2", "plain3"])
def test_a_chunk_that_was_cut_short_is_named(path, kind):
    if kind.startswith("plain"):  # not compressed, so only its size tells
        where = path.with_suffix(".zarr")
        given = {"chunks": (4, 6, 3), "compressors": None, "zarr_format": int(kind[-1])}
        zarr.create_array(where, data=VALUES, **given)
    else:
        where = write(path, kind, VALUES, (4, 6, 3))
    chunks = (each for each in where.rglob("*") if each.is_file() and each.name[0].isdigit())
    largest = max(chunks, key=lambda each: each.stat().st_size)
    found = sb.open(where)
    for size in (largest.stat().st_size - 3, 1, 0):
        os.truncate(largest, size)
        with pytest.raises(
            FileError, match=rf"^{where} could not be read at \[0:20, 0:6, 0:3\] \("
        ):
            np.asarray(found)
