"""Formats: a file each, added by one call, and refused in words where they are broken."""

from __future__ import annotations

import dataclasses
import importlib
import pickle
import re
import sys

import numpy as np
import pytest
from tests.chunked import lazy

import samebytes as sb
from samebytes.memory.files import (
    FileFormat,
    FolderFormat,
    mapping_of,
    register,
    registry,
    view_of,
)

BIG_ENDIAN = '''"""A format from outside in one file: ``BE01``, the number of rows, the rows."""

from __future__ import annotations

import math

import numpy as np

from samebytes.errors import WrongSize
from samebytes.memory.files import FileFormat, register, view_of

DTYPE, ROW = np.dtype(">f4"), (4,)


def open_be(mapping):
    rows = int.from_bytes(mapping[4:8], "big")
    expected = 8 + rows * math.prod(ROW) * DTYPE.itemsize
    if len(mapping) != expected:
        message = f"{mapping.path}: expected {expected} bytes, found {len(mapping)}."
        raise WrongSize(message)
    return view_of(mapping, 8, (rows, *ROW), DTYPE)


BE = FileFormat("be", lambda first, path: first.startswith(b"BE01"), open_be)
register(BE)
'''

BUILT_IN = ("npy", "npz", "safetensors", "arrow", "h5")
VALUES = np.arange(12, dtype=">f4").reshape(3, 4)


@pytest.fixture(autouse=True)
def formats_of_before(monkeypatch):
    monkeypatch.setattr(registry, "_formats", registry._formats)
    monkeypatch.setattr(registry, "_folder_formats", registry._folder_formats)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rows.dat"
    path.write_bytes(b"BE01" + (3).to_bytes(4, "big") + VALUES.tobytes())
    return path


@pytest.fixture
def be(tmp_path, monkeypatch):
    """Return the format from outside, its one file imported."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "big_endian.py").write_text(BIG_ENDIAN)
    monkeypatch.syspath_prepend(folder)
    yield importlib.import_module("big_endian").BE
    del sys.modules["big_endian"]


def always(first, path):
    return True


def whole(mapping):
    return view_of(mapping, 0, (len(mapping),), np.dtype("u1"))


def test_the_formats_of_the_library():
    assert registry.names() == BUILT_IN


def test_a_format_from_outside_is_one_file(path, be):
    opened = sb.open(path)
    assert type(opened) is sb.Array
    np.testing.assert_array_equal(opened, VALUES)
    assert (opened.dtype.str, opened.flags.writeable) == (">f4", False)
    assert mapping_of(opened).path == path
    assert sb.open(path, mode="c").flags.writeable


def test_without_the_file_that_adds_it_it_is_unknown(path):
    with pytest.raises(sb.UnknownFormat, match=r"neither as \.npy nor as \.npz nor .* files do"):
        sb.open(path)


def test_the_errors_know_of_it(path, be):
    with pytest.raises(sb.UnknownFormat, match=r"begins as \.be files do, so dtype= would read"):
        sb.open(path, "uint8")
    with pytest.raises(
        ValueError, match=r"is an \.be file, whose header gives the shape and the offset"
    ):
        sb.open(path, shape=(3, 4))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(sb.WrongSize, match="expected 56 bytes, found 55"):
        sb.open(path)
    path.write_bytes(b"????")
    with pytest.raises(sb.UnknownFormat, match=r"neither as \.npy nor .* nor as \.be files"):
        sb.open(path)


def test_a_dataset_on_it_is_pickled_by_its_path(path, be):
    dataset = sb.Dataset.from_tensor_slices(sb.open(path))
    packed = pickle.dumps(dataset)
    assert VALUES.tobytes() not in packed
    np.testing.assert_array_equal(pickle.loads(packed).reference([2, 0]), VALUES[[2, 0]])


def test_the_latest_is_asked_first_and_may_leave_the_file_to_others(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    np.savez(tmp_path / "b.npz", x=np.arange(3))
    register(FileFormat("zipped", lambda first, path: path.name.startswith("a"), whole))
    assert sb.open(tmp_path / "a.npz").dtype == np.uint8
    assert list(sb.open(tmp_path / "b.npz")) == ["x"]


def test_a_dict_of_arrays_becomes_a_dict_of_arrays(path):
    register(FileFormat("two", always, lambda mapping: {"a": whole(mapping)[:4]}))
    opened = sb.open(path)
    assert bytes(opened["a"]) == b"BE01"
    assert type(opened["a"]) is sb.Array


def test_a_list_is_arrays_end_to_end(path):
    register(FileFormat("ends", always, lambda mapping: [whole(mapping)[:4], whole(mapping)[50:]]))
    opened = sb.open(path)
    assert type(opened) is sb.ConcatArray
    assert bytes(opened[range(10)]) == b"BE01" + path.read_bytes()[50:]
    register(FileFormat("rows", always, lambda m: [whole(m)[:4].reshape(2, 2), whole(m)[:9]]))
    with pytest.raises(
        ValueError, match=r"rows\.dat, part 0, has rows of uint8 \(2,\), .*part 1, r"
    ):
        sb.open(path)


def some(mapping):
    """Return what a file holds of which only a part can be mapped."""
    return {"a": whole(mapping)[:4], "b": sb.FileError("b is no array."), "c": whole(mapping)[4:]}


def test_what_cannot_be_mapped_is_refused_and_the_rest_opened_by_name(path):
    register(FileFormat("some", always, some))
    with pytest.raises(
        sb.FileError,
        match=r"^b is no array\. To open another array, .* 'a' \(uint8 \(4,\)\), 'c' \(",
    ):
        sb.open(path)
    assert bytes(sb.open(path, key="a")) == b"BE01"
    with pytest.raises(sb.FileError, match=r"^b is no array\.$"):
        sb.open(path, key="b")
    with pytest.raises(sb.FileError, match=r"has nothing named 'd': expected .* 'a', 'b', 'c'\."):
        sb.open(path, key="d")


def test_several_that_cannot_be_mapped_are_refused_together(path):
    refusals = {"a": sb.CompressedMember("a is small."), "b": sb.CompressedMember("b too.")}
    register(FileFormat("none", always, lambda mapping: refusals))
    with pytest.raises(
        sb.CompressedMember, match=r"^a is small\. 'b' cannot be mapped either; key= with"
    ):
        sb.open(path)
    register(FileFormat("one", always, lambda mapping: {"a": sb.WrongSize("a is cut.")}))
    with pytest.raises(sb.WrongSize, match=r"^a is cut\.$"):
        sb.open(path)


def test_a_format_may_open_one_by_its_name(path):
    def one(mapping, key):
        return whole(mapping)[: int(key)]

    register(FileFormat("keyed", always, some, one))
    assert bytes(sb.open(path, key="3")) == b"BE0"
    register(FileFormat("copied", always, some, lambda mapping, key: one(mapping, key).copy()))
    with pytest.raises(ValueError, match=r"an array '3' that is not a view of"):
        sb.open(path, key="3")
    with pytest.raises(TypeError, match=r"open_key of the file format \.wrong is of type int: exp"):
        FileFormat("wrong", always, some, 7)


def test_part_of_what_cannot_be_mapped_is_pickled_by_its_path(path):
    register(FileFormat("some", always, some))
    text = pickle.dumps(sb.Dataset.from_tensor_slices(sb.open(path, key="c")))
    assert VALUES.tobytes() not in text
    assert bytes(pickle.loads(text).reference([0, 1])) == path.read_bytes()[4:6]
    path.write_bytes(b"BE02" + path.read_bytes()[4:])
    assert bytes(pickle.loads(text).reference([0])) == path.read_bytes()[4:5]


def test_the_first_bytes_are_64_or_all(tmp_path):
    seen = []
    register(FileFormat("seen", lambda first, path: seen.append((first, path)) or True, whole))
    for size in (3, 200):
        (tmp_path / "x").write_bytes(bytes(size))
        sb.open(tmp_path / "x")
    assert seen == [(bytes(3), tmp_path / "x"), (bytes(64), tmp_path / "x")]


def test_adding_it_again_takes_its_own_place(be, path):
    register(be)
    register(dataclasses.replace(be))
    importlib.reload(sys.modules["big_endian"])
    assert registry.names() == (*BUILT_IN, "be")
    np.testing.assert_array_equal(sb.open(path), VALUES)
    with pytest.raises(ValueError, match=r"named \.be is already registered"):
        register(FileFormat("be", always, whole))


@pytest.mark.parametrize("wrong", [None, "be", ("be", always, whole), FileFormat])
def test_what_is_no_format_is_refused(wrong):
    with pytest.raises(TypeError, match=r"register was given \w+: expected a FileFormat"):
        register(wrong)
    assert registry.names() == BUILT_IN


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(ValueError, match=r"named \.npy is already registered.*\.npy and \.npz and"):
        register(FileFormat("npy", always, whole))
    assert registry.names() == BUILT_IN


@pytest.mark.parametrize("name", [".be", "", "b e", None, 7])
def test_a_name_that_is_none_is_refused(name):
    words = re.escape(f"a file format is named {name!r}: expected how its files end")
    with pytest.raises(ValueError, match=words):
        FileFormat(name, always, whole)


def test_what_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match=r"matches of the file format \.be is of type bytes: exp"):
        FileFormat("be", b"BE01", whole)
    with pytest.raises(TypeError, match=r"open of the file format \.be is of type NoneType: exp"):
        FileFormat("be", always, None)


def test_neither_yes_nor_no_is_refused(path):
    register(FileFormat("be", lambda first, path: None, whole))
    words = r"matches of the file format \.be returned NoneType for .*rows\.dat: expected True or"
    with pytest.raises(TypeError, match=words):
        sb.open(path)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, r"returned NoneType for .*rows\.dat: expected open\(mapping\) -> numpy\.ndarray"),
        ([1, 2], r"returned list for"),
        ({"x": b"1"}, r"returned bytes under 'x' for"),
        ({7: np.zeros(2)}, r"returned ndarray under 7 for"),
    ],
)
def test_what_is_no_array_is_refused(path, found, words):
    register(FileFormat("be", always, lambda mapping: found))
    with pytest.raises(TypeError, match=words):
        sb.open(path)


def test_a_copy_is_refused(path):
    register(FileFormat("be", always, lambda mapping: {"x": whole(mapping).copy()}))
    with pytest.raises(
        ValueError, match=r"an array 'x' that is not a view of .*rows\.dat: expected"
    ):
        sb.open(path)


def test_its_own_errors_pass_unchanged(path):
    def fails(mapping):
        raise sb.FileError("its own words")

    register(FileFormat("be", always, fails))
    with pytest.raises(sb.FileError, match=r"^its own words$"):
        sb.open(path)


# ---------------------------------------------------------------------------- formats of folders


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "facts").write_text("4")
    return tmp_path / "some"


def is_some(path):
    return (path / "facts").exists()


def open_some(path, key):
    return lazy(np.arange(12).reshape(4, 3), (2, 3))[0]


def test_a_format_of_folders_is_opened_and_files_are_as_before(folder, path):
    register(FolderFormat("some", is_some, open_some))
    np.testing.assert_array_equal(sb.open(folder), np.arange(12).reshape(4, 3))
    np.testing.assert_array_equal(sb.open(str(folder)), np.arange(12).reshape(4, 3))
    (batch,) = sb.Dataset.from_tensor_slices(sb.open(folder)).batch(4)
    np.testing.assert_array_equal(batch, np.arange(12).reshape(4, 3))
    with pytest.raises(ValueError, match=r"some is a some store, whose metadata gives the shape"):
        sb.open(folder, offset=3)
    with pytest.raises(sb.UnknownFormat):
        sb.open(path)


def test_a_folder_may_hold_several_and_key_is_passed_on(folder):
    def open_several(path, key):
        found = {"x": open_some(path, key), "y": open_some(path, key)}
        return found if key is None else found[key]

    register(FolderFormat("some", is_some, open_several))
    assert sorted(sb.open(folder)) == ["x", "y"]
    assert sb.open(folder, key="y").shape == (4, 3)


def test_a_folder_format_has_a_name_of_its_own_and_may_be_loaded_again(folder):
    made = FolderFormat("some", is_some, open_some)
    register(made)
    register(FolderFormat("some", is_some, open_some))
    assert [each.name for each in registry._folder_formats] == ["zarr", "some"]
    words = r"a file format named \.some is already registered: .* \.h5 and \.zarr and \.some"
    with pytest.raises(ValueError, match=words):
        register(FileFormat("some", lambda first, path: True, lambda mapping: {}))
    with pytest.raises(ValueError, match=r"\.npy is already registered"):
        register(FolderFormat("npy", is_some, open_some))
    with pytest.raises(ValueError, match=r"\.zarr is already registered"):
        register(FileFormat("zarr", lambda first, path: True, lambda mapping: {}))


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (("a.b", is_some, open_some), ValueError, r"is named 'a\.b': expected how its folders end"),
        (("some", None, open_some), TypeError, r"matches of .* NoneType: expected a function, mat"),
        (
            ("some", is_some, 3),
            TypeError,
            r"open of .* int: expected a function, open\(path, key\)",
        ),
    ],
)
def test_a_folder_format_that_is_none_is_refused(given, kind, words):
    with pytest.raises(kind, match=words):
        FolderFormat(*given)


@pytest.mark.parametrize(
    ("matches", "opens", "words"),
    [
        (
            lambda path: "yes",
            open_some,
            r"matches of .* returned str for .*: expected True or F",
        ),
        (
            is_some,
            lambda path, key: np.zeros(3),
            r"open of .* returned ndarray for .*: expected open",
        ),
        (is_some, lambda path, key: {"x": 3}, r"open of the folder format \.some returned int for"),
        (is_some, lambda path, key: {3: open_some(path, key)}, r"returned LazyArray for .*by name"),
    ],
)
def test_what_a_folder_format_returns_is_not_believed(folder, matches, opens, words):
    register(FolderFormat("some", matches, opens))
    with pytest.raises(TypeError, match=words):
        sb.open(folder)
