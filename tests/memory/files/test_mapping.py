"""Mapped files, and views of them."""

import pytest

from samebytes.memory.files import map_file, mapping_of, open_file


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(range(200)) * 100)
    return tmp_path / "a.bin"


def test_the_whole_file_is_mapped(path):
    with map_file(path) as mapping:
        assert mapping[:] == path.read_bytes()
        assert mapping.path == path


def test_a_mapping_cannot_be_closed_under_a_living_array(path):
    array = open_file(path, "uint8")
    with pytest.raises(BufferError):
        mapping_of(array).close()
    assert array[7] == 7
