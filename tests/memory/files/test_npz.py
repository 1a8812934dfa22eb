"""The .npz format: stored members are mapped, all others refused by name."""

import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samebytes.errors import CompressedMember, FileError, PickledData, UnknownFormat, WrongSize
from samebytes.memory.files import mapping_of, open_file

from .support import npy_bytes


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.npz"


def test_members_share_one_mapping(path):
    images = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    np.savez(path, np.arange(3), images=images, empty=np.empty((0, 2)), scalar=np.array(1 + 2j))
    opened = open_file(path)
    assert sorted(opened) == ["arr_0", "empty", "images", "scalar"]
    with np.load(path) as loaded:
        for name, array in opened.items():
            assert type(array) is np.ndarray
            assert (array.dtype, array.shape) == (loaded[name].dtype, loaded[name].shape)
            assert array.tobytes() == loaded[name].tobytes()
    assert opened["images"].flags.f_contiguous
    assert len({id(mapping_of(array)) for array in opened.values()}) == 1


def test_an_archive_without_members(path):
    np.savez(path)
    assert open_file(path) == {}


@settings(max_examples=40, deadline=None)
@given(
    values=st.dictionaries(
        st.text("abc/é数. ", min_size=1), st.binary(max_size=50), min_size=1, max_size=4
    ),
    zip64=st.booleans(),
    extra=st.binary(max_size=3).map(lambda data: struct.pack("<HH", 0x7777, len(data)) + data),
)
def test_offsets_by_the_local_header(tmp_path_factory, values, zip64, extra):
    path = tmp_path_factory.mktemp("archive") / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in values.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            member.extra = extra
            with archive.open(member, "w", force_zip64=zip64) as file:
                file.write(npy_bytes(np.frombuffer(data, np.uint8)))
    assert {name: array.tobytes() for name, array in open_file(path).items()} == values


def test_extra_fields_that_differ_between_the_headers(path):
    content = npy_bytes(np.arange(3))
    with (
        zipfile.ZipFile(path, "w") as archive,
        archive.open("x.npy", "w", force_zip64=True) as file,
    ):
        file.write(content)
    with zipfile.ZipFile(path) as archive:
        assert archive.infolist()[0].extra == b"", "the local header alone has the zip64 sizes"
    assert open_file(path)["x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("method", "word"),
    [(zipfile.ZIP_DEFLATED, "deflate"), (zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")],
)
def test_compressed_members(path, method, word):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("first.npy", npy_bytes(np.arange(3)))
        archive.writestr("second.npy", npy_bytes(np.arange(3)), method)
    with pytest.raises(
        CompressedMember,
        match=rf"a\.npz, member 'second\.npy', is compressed \({word}\).*np\.savez instead of",
    ):
        open_file(path)


def test_savez_compressed(path):
    np.savez_compressed(path, x=np.zeros(1000))
    with pytest.raises(CompressedMember, match=r"'x\.npy', is compressed"):
        open_file(path)


def _rewritten(path, at_local, at_directory, value):
    """Overwrite one 16-bit number in the local header and the directory of a single member."""
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\x01\x02")
    struct.pack_into("<H", content, at_local, value)
    struct.pack_into("<H", content, directory + at_directory, value)
    path.write_bytes(content)


def test_encrypted_members(path):
    np.savez(path, x=np.zeros(3))
    _rewritten(path, 6, 8, 1)
    with pytest.raises(CompressedMember, match=r"'x\.npy', is encrypted, so .*np\.savez"):
        open_file(path)


def test_unknown_compression_methods(path):
    np.savez(path, x=np.zeros(3))
    _rewritten(path, 8, 10, 93)
    with pytest.raises(CompressedMember, match=r"is compressed \(method 93\)"):
        open_file(path)


@pytest.mark.parametrize("name", ["readme.txt", "folder/", "x.npy.bak"])
def test_members_that_are_no_arrays(path, name):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", npy_bytes(np.arange(3)))
        archive.writestr(name, b"")
    with pytest.raises(UnknownFormat, match=rf"a\.npz, member '{name}', is not a \.npy file"):
        open_file(path)


def test_members_named_npy_that_are_none(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", b"hello, this is text")
    with pytest.raises(UnknownFormat, match=r"member 'x\.npy', does not begin with"):
        open_file(path)


def test_the_same_name_twice(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", npy_bytes(np.arange(3)))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("x.npy", npy_bytes(np.arange(4)))
    with pytest.raises(FileError, match=r"member 'x\.npy', occurs twice"):
        open_file(path)


def test_members_with_objects(path):
    np.savez(path, x=np.array([{}], dtype=object))
    with pytest.raises(PickledData, match=r"a\.npz, member 'x\.npy', has the dtype object"):
        open_file(path)


def test_members_of_a_wrong_size(path):
    for content, found in (
        (npy_bytes(np.arange(3)) + b"!", 25),
        (npy_bytes(np.arange(3))[:-1], 23),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", content)
        with pytest.raises(
            WrongSize, match=rf"member 'x\.npy', .*expected 24 bytes, found {found} bytes"
        ):
            open_file(path)


def test_broken_archives(path):
    np.savez(path, x=np.arange(1000))
    whole = path.read_bytes()
    for cut in (4, 30, 500, len(whole) - 30, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(FileError, match=r"a\.npz begins like an \.npz file, but is a broken"):
            open_file(path)


def _directory_field(path, layout, at, value):
    content = bytearray(path.read_bytes())
    struct.pack_into(layout, content, content.index(b"PK\x01\x02") + at, value)
    path.write_bytes(content)


def test_members_that_are_not_where_the_directory_says(path):
    np.savez(path, x=np.arange(3))
    _directory_field(path, "<I", 42, 7)
    with pytest.raises(FileError, match=r"is not at the offset 7 .* damaged"):
        open_file(path)
    _directory_field(path, "<I", 42, 0x7FFFFFFF)
    with pytest.raises(FileError, match=r"a\.npz"):
        open_file(path)


def test_members_that_reach_past_the_end(path):
    np.savez(path, x=np.arange(3))
    for at in (20, 24):
        _directory_field(path, "<I", at, 100_000)
    with pytest.raises(
        WrongSize, match=r"reaches past the end of the file: expected 100,0\d\d byt"
    ):
        open_file(path)


def test_stored_members_of_two_sizes(path):
    np.savez(path, x=np.arange(3))
    _directory_field(path, "<I", 24, 100)
    with pytest.raises(FileError, match=r"its size as 152 bytes: expected 100 bytes.* damaged"):
        open_file(path)
