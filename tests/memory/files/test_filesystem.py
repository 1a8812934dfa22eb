"""The kind of file system that a file lies on, as the kernel tells it."""

import os

import pytest

from samebytes.memory.files.filesystem import filesystem_of, is_network

LINE = "36 35 {device} / /data rw,noatime shared:1 - {kind} server:/export rw"


def mounts_of(folder, kind):
    device = (folder / "x").stat().st_dev
    text = LINE.format(device="0:99", kind="proc") + "\n"
    text += LINE.format(device=f"{os.major(device)}:{os.minor(device)}", kind=kind) + "\n"
    (folder / "mountinfo").write_text(text)
    return folder / "mountinfo"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "x").write_bytes(b"bytes")
    return tmp_path


@pytest.mark.parametrize("kind", ["nfs4", "ext4", "fuse.sshfs"])
def test_the_kind_is_that_of_the_files_device(folder, kind):
    assert filesystem_of(folder / "x", mounts_of(folder, kind)) == kind


def test_where_nobody_says_it_is_unknown(folder):
    assert filesystem_of(folder / "x", folder / "no such file") is None
    assert filesystem_of(folder / "no such file") is None
    (folder / "mountinfo").write_text("")
    assert filesystem_of(folder / "x", folder / "mountinfo") is None
    assert not is_network(None)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("nfs", True), ("nfs4", True), ("cifs", True), ("fuse.gcsfuse", True), ("fuse", True),
     ("virtiofs", True), ("ext4", False), ("xfs", False), ("tmpfs", False), ("overlay", False)],
)  # fmt: skip
def test_which_kinds_are_networks(kind, expected):
    assert is_network(kind) == expected
