"""Mapped files, views of them, and the check before touching them."""

import os

import numpy as np
import pytest

from samebytes.errors import WrongSize
from samebytes.memory.files import check_unshrunk, map_file, mapping_of, open_file
from samebytes.memory.files.wording import bytes_in_words, shortened


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(range(200)) * 100)
    return tmp_path / "a.bin"


def test_the_whole_file_is_mapped(path):
    with map_file(path) as mapping:
        assert mapping[:] == path.read_bytes()
        assert mapping.path == path


def test_mapping_of_finds_it_through_views_and_memoryviews(path):
    array = open_file(path, "uint8")
    mapping = mapping_of(array)
    assert mapping.path == path
    views = (
        array[3:],
        array.reshape(-1, 2).T,
        array.view("uint16"),
        np.asarray(memoryview(array)),
        np.frombuffer(memoryview(array)[4:], "uint8"),
        memoryview(array),
        mapping,
        memoryview(mapping),
    )
    assert all(mapping_of(view) is mapping for view in views)


@pytest.mark.parametrize(
    "other", [np.ones(3), np.ones(3)[1:], np.frombuffer(b"abc", "u1"), None, 3]
)
def test_other_arrays_are_left_alone(other):
    assert mapping_of(other) is None
    check_unshrunk(other)


def test_other_mappings_are_left_alone(path):
    mapped = np.memmap(path, "uint8", mode="r")
    assert mapping_of(mapped) is None
    check_unshrunk(mapped)


def test_a_shrunk_file_is_told_with_its_sizes(path):
    array = open_file(path, "uint8")[5:]
    check_unshrunk(array)
    os.truncate(path, 1024)
    with pytest.raises(
        WrongSize, match=r"a\.bin was cut short .*expected 20,000 bytes, found 1,024 bytes"
    ):
        check_unshrunk(array)


def test_a_grown_or_replaced_file_is_fine(path):
    array = open_file(path, "uint8")
    with path.open("ab") as file:
        file.write(b"more")
    check_unshrunk(array)
    path.unlink()
    path.write_bytes(b"short")
    check_unshrunk(array)
    assert array[199] == 199


def test_a_mapping_cannot_be_closed_under_a_living_array(path):
    array = open_file(path, "uint8")
    with pytest.raises(BufferError):
        mapping_of(array).close()
    assert array[7] == 7


def test_words():
    assert [bytes_in_words(n) for n in (0, 1, 4096)] == ["0 bytes", "1 byte", "4,096 bytes"]
    assert bytes_in_words(10**5000) == "more bytes than a computer can address"
    assert shortened("a\nb") == "a b"
    assert shortened("x" * 500, 10) == "xxxxxxx..."
