"""Zarr stores behind URLs, on nginx and on an S3."""

from __future__ import annotations

import os
import pickle
import shutil
import warnings

import numpy as np
import pytest
import zarr
from zarr.storage import ObjectStore

import samebytes as sb
from samebytes.errors import FileError, RemoteError
from samebytes.memory.remote import store_of, zarr_store

VALUES = np.random.default_rng(0).integers(0, 256, (40, 12, 10, 3)).astype(np.uint8)


@pytest.fixture(params=[2, 3])
def store(served, request):
    folder = served / f"images-{request.param}.zarr"
    shutil.rmtree(folder, ignore_errors=True)
    array = zarr.create_array(
        folder, shape=VALUES.shape, dtype="u1", chunks=(8, 12, 6, 3), zarr_format=request.param
    )
    array[...] = VALUES
    for metadata in folder.glob("*z*ar*"):
        os.utime(metadata, (1e9, 1e9))  # nginx's ETag is the second and the size
    return folder


@pytest.fixture
def group(served):
    folder = served / "group.zarr"
    shutil.rmtree(folder, ignore_errors=True)
    made = zarr.open_group(folder, mode="w")
    made.create_array("train/x", data=VALUES, chunks=(8, 12, 10, 3))
    made.create_array("y", data=np.arange(40), chunks=(10,))
    return folder


def crops(source):
    ds = sb.Dataset.from_tensor_slices(source).shuffle(seed=0).map(sb.RandomCrop(7, 5, seed=1))
    return list(ds.batch(8))


def test_batches_of_a_store_behind_a_url_are_those_of_its_values(store, nginx):
    found = sb.open(f"{nginx}/{store.name}")
    assert (found.shape, found.dtype, found.chunks) == (VALUES.shape, np.uint8, (8, 12, 6, 3))
    np.testing.assert_array_equal(found[5, 2:4], VALUES[5, 2:4])
    for ours, expected in zip(crops(found), crops(VALUES), strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_a_pickled_one_is_opened_where_it_is_unpickled(store, nginx):
    found = pickle.loads(pickle.dumps(sb.open(f"{nginx}/{store.name}")))
    np.testing.assert_array_equal(found[...], VALUES)


def test_a_group_is_opened_by_key_and_as_a_whole_where_its_metadata_list_it(group, nginx):
    url = f"{nginx}/{group.name}"
    np.testing.assert_array_equal(sb.open(url, key="train/x")[3], VALUES[3])
    np.testing.assert_array_equal(sb.open(f"{url}/y")[...], np.arange(40))
    with pytest.raises(FileError, match=r"does not say which arrays it has: expected key= with"):
        sb.open(url)
    with warnings.catch_warnings(action="ignore"):  # zarr's own, that others may not read it
        zarr.consolidate_metadata(group)
    found = sb.open(url)
    assert list(found) == ["train/x", "y"]
    for ours, expected in zip(
        sb.Dataset.from_tensor_slices((found["train/x"], found["y"])).batch(16),
        sb.Dataset.from_tensor_slices((VALUES, np.arange(40))).batch(16),
        strict=True,
    ):
        for one, other in zip(ours, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_store_that_is_not_there_is_an_error_in_words(nginx):
    with pytest.raises(RemoteError, match=r"nothing\.zarr.* has neither zarr.json nor \.zarray"):
        sb.open(f"{nginx}/nothing.zarr")


@pytest.mark.parametrize(
    "given", [{"dtype": "u1"}, {"shape": 3}, {"offset": 1}, {"order": "F"}, {"cache": "folder"}]
)
def test_what_is_for_single_objects_is_refused(store, nginx, given):
    with pytest.raises(ValueError, match=r"is a zarr store, whose metadata give dtype and shape"):
        sb.open(f"{nginx}/{store.name}", **given)


def test_a_query_is_refused_and_not_shown(store, nginx):
    with pytest.raises(ValueError, match=r"has a query, which signs or chooses one") as refused:
        sb.open(f"{nginx}/{store.name}?signature=secret")
    assert "secret" not in str(refused.value)


def test_chunks_that_were_never_written_are_the_fill_value(served, nginx):
    folder = served / "holes.zarr"
    shutil.rmtree(folder, ignore_errors=True)
    array = zarr.create_array(folder, shape=(6, 4), dtype="i4", chunks=(2, 4), fill_value=7)
    array[2:4] = 1
    found = sb.open(f"{nginx}/{folder.name}")
    np.testing.assert_array_equal(found[...], array[...])


def test_a_store_that_is_deleted_is_not_taken_for_one_without_values(store, nginx, monkeypatch):
    monkeypatch.setattr(zarr_store, "LOOK_SECONDS", 1e9)  # only a missing chunk asks
    found = sb.open(f"{nginx}/{store.name}")
    np.testing.assert_array_equal(found[0], VALUES[0])
    shutil.rmtree(store)
    with pytest.raises(RemoteError, match=r"images-\d\.zarr/(zarr\.json|\.zarray)"):
        crops(found)


def test_a_store_that_is_replaced_is_refused(store, nginx, monkeypatch):
    monkeypatch.setattr(zarr_store, "LOOK_SECONDS", 0.0)
    found = sb.open(f"{nginx}/{store.name}")
    np.testing.assert_array_equal(found[0], VALUES[0])
    shutil.rmtree(store)
    other = zarr.create_array(store, shape=(50, 12, 10, 3), dtype="u1", chunks=(8, 12, 6, 3))
    other[...] = 1
    with pytest.raises(FileError, match=r"was replaced after it was opened|zarray, bytes 0"):
        crops(found)


def test_a_damaged_chunk_is_named(store, nginx):
    found = sb.open(f"{nginx}/{store.name}")
    chunk = max(
        (each for each in store.rglob("*") if each.is_file()), key=lambda f: f.stat().st_size
    )
    chunk.write_bytes(chunk.read_bytes()[:20])
    with pytest.raises(FileError, match=rf"{store.name} could not be read at \["):
        crops(found)


def test_a_bucket_holds_stores_as_well(moto):
    store, key = store_of("s3://bucket/folder/x.zarr")
    array = zarr.create_array(
        ObjectStore(store), name=key, shape=VALUES.shape, dtype="u1", chunks=(8, 12, 10, 3)
    )
    array[...] = VALUES
    found = sb.open("s3://bucket/folder/x.zarr")
    for ours, expected in zip(crops(found), crops(VALUES), strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert b"topsecret" not in pickle.dumps(found)
    assert "topsecret" not in repr(found)
