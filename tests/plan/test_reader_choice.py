"""Which reader is chosen, and what it says of why."""

import mmap
import os
import sys

import numpy as np
import pytest

import samebytes as sb
from samebytes.plan import reader_choice
from samebytes.plan.reader_choice import choose_reader

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is always map")

ROWS = 1024


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((ROWS, 1024), np.uint8))
    return tmp_path / "x.npy"


def chosen(source, asked="auto"):
    found = choose_reader(sb.Dataset.from_tensor_slices(source).batch(4).plan, asked)
    return found.name, found.why


@pytest.mark.parametrize("asked", ["auto", "map", "ahead", "read"])
def test_memory_is_read_where_it_lies_whatever_is_asked(asked):
    assert chosen(np.zeros((8, 4)), asked) == ("map", "all sources are in memory")


@pytest.fixture
def counts_small(monkeypatch):
    """Let small files be looked at as large ones are."""
    monkeypatch.setattr(reader_choice, "SMALL_BYTES", 1)


def test_small_files_are_mapped(path):
    assert chosen(sb.open(path)) == ("map", "its files are small")
    assert chosen(np.load(path, mmap_mode="r")) == ("map", "its files are small")


def test_a_file_that_is_in_memory_is_mapped(path, counts_small):
    assert chosen(sb.open(path)) == ("map", "x.npy is in memory")


@pytest.mark.parametrize("asked", ["map", "ahead", "read"])
def test_what_is_asked_for_is_done(path, asked):
    why = "as asked; from begin to end" if asked == "read" else "as asked"
    assert chosen(sb.open(path), asked) == (asked, why)
    assert chosen(np.load(path, mmap_mode="r"), asked) == (asked, why)


def test_how_an_order_is_read_is_told(path):
    dataset = sb.Dataset.from_tensor_slices(sb.open(path))
    in_order = choose_reader(dataset.batch(4).plan, "read")
    assert (in_order.in_order, in_order.why) == (True, "as asked; from begin to end")
    shuffled = choose_reader(dataset.shuffle(seed=0).batch(4).plan, "read")
    assert (shuffled.in_order, shuffled.why) == (False, "as asked")
    blocks = choose_reader(dataset.shuffle(seed=0, block_size=8, window=2).batch(4).plan, "read")
    assert (blocks.in_order, blocks.why) == (False, "as asked; blocks of 8.2 kB as wholes")
    assert len(blocks.blocks) == 1


def test_many_requests_are_made_of_a_server_whatever_the_order(path, monkeypatch):
    monkeypatch.setattr(reader_choice, "filesystem_of", lambda _: "nfs4")
    plan = sb.Dataset.from_tensor_slices(sb.open(path)).batch(4).plan
    assert not choose_reader(plan, "read").in_order


def test_a_file_larger_than_the_memory_there_is(path, monkeypatch, counts_small):
    monkeypatch.setattr(reader_choice, "available_memory", lambda **_: ROWS * 1024)
    name, why = chosen(sb.open(path))
    assert name == "read"
    left = "x.npy (1.0 MB) will not stay in the 1.0 MB of memory there is"
    assert why == f"{left}; from begin to end"
    monkeypatch.setattr(reader_choice, "available_memory", lambda **_: ROWS * 1024 * 2)
    assert chosen(sb.open(path))[0] == "map"


def test_several_files_count_together_and_each_once(path, tmp_path, monkeypatch, counts_small):
    np.save(tmp_path / "y.npy", np.zeros((ROWS, 512), np.uint8))
    monkeypatch.setattr(reader_choice, "available_memory", lambda **_: 2 * ROWS * 1024)
    x, y = sb.open(path), sb.open(tmp_path / "y.npy")
    assert chosen((x, x[:, :3], x))[0] == "map"
    name, why = chosen((x, y))
    assert name == "read"
    assert why.startswith("x.npy and others, 2 files (1.6 MB) will not stay in the 2.1 MB")


def test_only_what_is_read_of_a_file_counts(path, monkeypatch, counts_small):
    monkeypatch.setattr(reader_choice, "available_memory", lambda **_: ROWS * 1024)
    assert chosen(sb.open(path)[: ROWS // 2])[0] == "map"


@pytest.mark.usefixtures("disk")
def test_a_file_that_is_not_in_memory_yet(path, counts_small):
    opened = sb.open(path)
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
    name, why = chosen(opened)
    assert name == "ahead"
    assert why.endswith("% of x.npy is not in memory yet")
    opened.sum()
    assert chosen(opened) == ("map", "x.npy is in memory")


def test_of_a_file_that_nobody_may_ask_about_nothing_is_concluded(path, monkeypatch, counts_small):
    monkeypatch.setattr(reader_choice, "can_tell", lambda _: False)
    assert chosen(sb.open(path))[0] == "map"


def test_a_network_file_system(path, monkeypatch):
    monkeypatch.setattr(reader_choice, "filesystem_of", lambda _: "nfs4")
    assert chosen(sb.open(path)) == ("read", "x.npy lies on nfs4, a network file system")


def test_a_mapping_without_a_name_cannot_be_read_again(path, monkeypatch):
    monkeypatch.setattr(reader_choice, "filesystem_of", lambda _: "nfs4")
    with path.open("rb") as file:
        block = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    array = np.frombuffer(block, np.uint8)
    assert chosen(array)[0] == "map"
    name, why = chosen(array, "read")
    assert name == "ahead"
    assert why.endswith("cannot be opened again, or was changed in memory alone")


def test_what_cannot_be_read_again_is_asked_for_ahead(path, monkeypatch, counts_small):
    monkeypatch.setattr(reader_choice, "available_memory", lambda **_: ROWS * 1024)
    for changed in (sb.open(path, mode="c"), np.load(path, mmap_mode="c")):
        name, why = chosen(changed)
        assert name == "ahead"
        assert why.startswith("x.npy (1.0 MB) will not stay")


def test_the_choice_is_printed(path):
    dataset = sb.Dataset.from_tensor_slices(sb.open(path)).batch(4)
    assert "reader    map: its files are small\n" in str(dataset)
    assert "reader    read: as asked; from begin to end\n" in str(
        dataset.with_options(reader="read")
    )
    assert "reader" not in str(sb.Dataset.from_tensor_slices(np.zeros(4)).batch(2))


def test_an_unknown_reader_is_refused():
    dataset = sb.Dataset.from_tensor_slices(np.zeros(4)).batch(2)
    words = r"with_options\(reader='disk'\): expected one of 'auto', 'map', 'ahead', 'read'"
    with pytest.raises(ValueError, match=words):
        dataset.with_options(reader="disk")


def test_options_that_are_not_given_stay():
    dataset = sb.Dataset.from_tensor_slices(np.zeros(4)).batch(2)
    changed = dataset.with_options(threads=3).with_options(reader="read").with_options()
    assert (changed.options.threads, changed.options.reader) == (3, "read")
