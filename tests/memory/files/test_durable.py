"""Files put in place at once: flushed before their name counts, and the name after it."""

import errno
import os
from pathlib import Path

import pytest
from tests.memory.files.flushing import recorded

from samebytes.memory.files.durable import write_durably


def test_the_bytes_are_flushed_then_named_then_the_name_is(tmp_path):
    path = tmp_path / "file.txt"
    seen = []

    def write(part):
        seen.append(part)
        part.write_text("new")

    with recorded() as steps:
        write_durably(path, write)
    assert steps == [("flush", path), ("rename", path), ("flush", tmp_path)]
    assert path.read_text() == "new"
    assert seen[0].parent == tmp_path
    assert seen[0].name.endswith(".file.txt")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failing", ["write", "fsync"])
def test_what_fails_leaves_the_file_as_it_was_and_nothing_else(tmp_path, monkeypatch, failing):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    def half(part):
        part.write_text("ne")
        if failing == "write":
            fail()

    if failing == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_durably(path, half)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    other, path = tmp_path / "other", tmp_path / "link"
    other.write_text("other")
    path.symlink_to(other)
    write_durably(path, lambda part: part.write_text("new"))
    assert (path.read_text(), other.read_text(), path.is_symlink()) == ("new", "other", False)


def test_file_systems_whose_folders_cannot_be_flushed_are_put_up_with(tmp_path, monkeypatch):
    flush = os.fsync

    def refusing(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(errno.EINVAL, "Invalid argument")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", refusing)
    write_durably(tmp_path / "file", lambda part: part.write_text("new"))
    assert (tmp_path / "file").read_text() == "new"
