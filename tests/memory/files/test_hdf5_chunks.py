"""Datasets of HDF5 files in chunks, read chunk by chunk from a file that is opened when needed."""

from __future__ import annotations

import gc
import os
import pickle
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest

import samebytes as sb
from samebytes.errors import CompressedMember, FileError, WrongSize

VALUES = np.arange(360, dtype="i4").reshape(20, 6, 3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.h5"


def write(path, name="x", values=VALUES, **options):
    options = {"chunks": (4, *values.shape[1:]), **options}
    with h5py.File(path, "w") as file:
        file.create_dataset(name, data=values, **options)
    return path


def handles(path):
    links = list(Path("/proc/self/fd").iterdir())
    return sum(link.is_symlink() and link.readlink() == path for link in links)


@pytest.mark.parametrize(
    "dtype",
    ["?", "u1", "<i2", ">i2", "<f2", ">f4", "f8", "<u8", "c8", "S5", "V3", "u1,<i4", "i2,(2,3)>f8"],
)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "gzip", "shuffle": True},
        {"compression": "lzf", "fletcher32": True},
        {"chunks": (5, 2)},
        {"chunks": True, "maxshape": (None, 4)},
    ],
    ids=str,
)
def test_equals_what_h5py_reads(path, dtype, options):
    values = np.frombuffer(bytes(range(1, 97)) * 60, "u1")[: 48 * np.dtype(dtype).itemsize]
    values = (values % 2 if "?" in dtype else values).view(dtype).reshape(12, 4)
    found = sb.open(write(path, values=values, **options))
    assert type(found) is sb.LazyArray
    with h5py.File(path) as file:
        assert found.chunks == file["x"].chunks
    assert (found.dtype, found.shape) == (values.dtype, values.shape)
    assert np.asarray(found).tobytes() == values.tobytes()
    batches = list(sb.Dataset.from_tensor_slices(found).batch(5))
    assert np.concatenate(batches).astype(values.dtype).tobytes() == values.tobytes()


def test_items_that_are_arrays_are_more_axes(path):
    with h5py.File(path, "w") as file:
        made = file.create_dataset("x", (10,), np.dtype((">f4", (2, 3))), chunks=(4,))
        made[...] = np.arange(60).reshape(10, 2, 3)
    found = sb.open(path)
    assert (found.shape, found.chunks, found.dtype) == ((10, 2, 3), (4, 2, 3), np.dtype(">f4"))
    np.testing.assert_array_equal(found[2:7, 1, 1:], np.arange(60).reshape(10, 2, 3)[2:7, 1, 1:])
    (batch,) = sb.Dataset.from_tensor_slices(found).batch(10)
    np.testing.assert_array_equal(batch, np.arange(60).reshape(10, 2, 3))


def test_contiguous_and_chunked_side_by_side(path):
    with h5py.File(path, "w") as file:
        file["plain"] = VALUES
        file.create_dataset("group/chunked", data=VALUES, chunks=(4, 6, 3), compression="gzip")
        file.create_dataset("late", (20,), "u1", chunks=(5,))
        file.create_dataset("none", (0, 3), "u1", chunks=(5, 3), maxshape=(None, 3))
    found = sb.open(path)
    assert type(found["plain"]) is sb.Array
    assert type(found["group/chunked"]) is sb.LazyArray
    assert found["none"].shape == (0, 3)
    assert not np.asarray(found["late"]).any()  # never written: what HDF5 fills it with
    np.testing.assert_array_equal(sb.open(path, key="group/chunked"), VALUES)
    dataset = sb.Dataset.from_tensor_slices((found["plain"], found["group/chunked"])).batch(7)
    for one, other in dataset:
        np.testing.assert_array_equal(one, other)
    with pytest.raises(
        FileError, match=r"has nothing named 'z': .* 'group/chunked', 'late', 'none"
    ):
        sb.open(path, key="z")


def test_filters_that_are_missing_are_named(path, monkeypatch):
    write(path, compression="lzf")
    available = h5py.h5z.filter_avail
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: code != 32000 and available(code))
    words = (
        r"dataset 'x' \(int32 \(20, 6, 3\)\), is stored in chunks with filters that this h5py do"
    )
    with pytest.raises(CompressedMember, match=rf"{words}.*\(lzf\).*pip install hdf5plugin"):
        sb.open(path)


def test_the_file_is_open_only_while_it_is_read(path):
    dataset = sb.Dataset.from_tensor_slices(sb.open(write(path))).batch(2)
    assert handles(path) == 0
    batches = iter(dataset)
    next(batches)
    batches.close()
    for _ in range(3):
        list(dataset)
    gc.collect()
    assert handles(path) == 0
    with h5py.File(path, "a") as file:  # which h5py refuses while it is open to be read
        file["x"][0] = 77
    np.testing.assert_array_equal(next(iter(dataset))[0], np.full((6, 3), 77))


def test_a_run_that_ends_does_not_close_the_file_of_another(path):
    dataset = sb.Dataset.from_tensor_slices(sb.open(write(path))).batch(1).prefetch(0)
    several = [dataset.iterate(0) for _ in range(4)]
    for place, batches in enumerate(several):
        for row in range(5 * place):
            np.testing.assert_array_equal(next(batches)[0], VALUES[row])
    for batches in several[:3]:
        batches.close()
    rest = [batch[0] for batch in several[3]]
    np.testing.assert_array_equal(rest, VALUES[15:])


def test_files_are_found_again_from_another_folder(path, monkeypatch):
    write(path)
    (path.parent / "other").mkdir()
    monkeypatch.chdir(path.parent)
    dataset = sb.Dataset.from_tensor_slices(sb.open("a.h5")).batch(20)
    monkeypatch.chdir(path.parent / "other")
    np.testing.assert_array_equal(next(iter(dataset)), VALUES)
    np.testing.assert_array_equal(next(iter(pickle.loads(pickle.dumps(dataset)))), VALUES)


# ---------------------------------------------------------------------- datasets that are given


@pytest.mark.parametrize("mode", ["r", "a", "w"])
def test_a_dataset_of_h5py_is_read_also_when_its_file_is_closed(path, mode):
    write(path)
    with h5py.File(path, mode) as file:
        if mode == "w":
            file.create_dataset("x", data=VALUES, chunks=(4, 6, 3))
        dataset = sb.Dataset.from_tensor_slices((file["x"], np.arange(20))).batch(6)
        np.testing.assert_array_equal(next(iter(dataset))[0], VALUES[:6])
        text = pickle.dumps(dataset)
        begun = iter(dataset)
        next(begun)
    for batches in (begun, iter(dataset), iter(pickle.loads(text))):
        for found, numbers in batches:
            np.testing.assert_array_equal(found, VALUES[numbers])


def test_a_file_that_is_opened_and_closed_all_the_time(path):
    write(path)
    done = threading.Event()
    file = h5py.File(path)
    dataset = sb.Dataset.from_tensor_slices((file["x"], np.arange(20))).shuffle(seed=0).batch(1)

    def toggle():
        while not done.is_set():
            file.close()
            h5py.File(path).close()

    thread = threading.Thread(target=toggle)
    thread.start()
    try:
        for epoch in range(10):
            for found, numbers in dataset.iterate(epoch):
                np.testing.assert_array_equal(found, VALUES[numbers])
    finally:
        done.set()
        thread.join()


# ------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}], ids=str)
def test_what_was_cut_off_is_never_zeros(path, options):
    found = sb.open(write(path, **options))
    np.testing.assert_array_equal(found[19], VALUES[19])
    with h5py.File(path) as file:
        last = file["x"].id.get_chunk_info(4)
    for size in (last.byte_offset + last.size - 1, last.byte_offset, 100):
        os.truncate(path, size)
        with pytest.raises(
            WrongSize, match=rf"^{path}, dataset 'x', was cut short after it was op"
        ):
            found[19]


def test_what_lies_before_the_cut_is_still_there(path):
    found = sb.open(write(path))
    with h5py.File(path) as file:
        last = file["x"].id.get_chunk_info(4)
    found[0]
    os.truncate(path, last.byte_offset)
    np.testing.assert_array_equal(found[:16], VALUES[:16])


def test_a_chunk_that_is_damaged_is_named(path):
    found = sb.open(write(path, compression="gzip"))
    with h5py.File(path) as file:
        chunk = file["x"].id.get_chunk_info(2)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    with path.open("r+b") as file:
        file.write(content)
    words = rf"^{path}, dataset 'x', could not be read at \[8:9, 0:6, 0:3\] \(OSError: .*is damaged"
    with pytest.raises(FileError, match=words):
        found[8]
    np.testing.assert_array_equal(found[0], VALUES[0])


def test_a_file_that_was_replaced_is_told(path, tmp_path):
    found = sb.open(write(path))
    write(tmp_path / "b.h5").replace(path)
    with pytest.raises(
        FileError, match=rf"^{path} was replaced by another file after it was opene"
    ):
        found[0]
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"a\.h5"):
        found[0]


def test_a_file_that_was_cut_short_before_it_was_opened_again(path):
    found = sb.open(write(path))
    os.truncate(path, 1000)
    with pytest.raises(
        WrongSize, match=rf"^{path}, dataset 'x', was cut short after it was opened"
    ):
        found[0]
    os.truncate(path, 1 << 20)
    with pytest.raises(FileError, match=rf"^{path}, dataset 'x', could not be opened again \("):
        found[0]


def test_the_system_reads_ahead_where_chunks_follow_each_other_alone(tmp_path, monkeypatch):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.arange(80), chunks=(10,))
    advice = []
    monkeypatch.setattr(os, "posix_fadvise", lambda *given: advice.append(given[3]))
    source = sb.open(path).source
    for start in (0, 10, 30, 50, 60, 70):
        assert source.read_box((start,), (start + 10,)).tolist() == [*range(start, start + 10)]
    assert advice == [os.POSIX_FADV_RANDOM, os.POSIX_FADV_NORMAL]
    source.release()
    assert source.read_box((0,), (10,)).tolist() == [*range(10)]
    assert len(advice) == 2
