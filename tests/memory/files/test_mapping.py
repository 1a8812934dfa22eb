"""Mapped files, and views of them."""

import errno
import subprocess
import sys

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


MANY = """
import resource, sys
from samebytes.memory.files import map_file
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
kept = []
try:
    while True:
        kept.append(map_file(sys.argv[1]))
except OSError as error:
    print(len(kept) > 40, error.errno, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_too_many_files_are_refused_in_words(path):
    command = [sys.executable, "-c", MANY, str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert told.startswith(f"True {errno.EMFILE} ")
    assert "has reached its limit of open files, and each mapped file keeps one open. Raise" in told
    assert str(path) in told
