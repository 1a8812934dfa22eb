"""What lies below an array, and the check before touching it."""

import array
import ctypes
import errno
import mmap
import os
from multiprocessing.shared_memory import SharedMemory

import numpy as np
import pytest

import samebytes as sb
from samebytes.errors import FileError, WrongSize
from samebytes.memory.files import check_unshrunk, mapping_of, open_file
from samebytes.memory.files.origin import Origin, origin_of


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(range(200)) * 100)
    return tmp_path / "a.bin"


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


def mapped(path):
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def saved(path):
    np.save(path.with_name("a.npy"), np.arange(2500))
    return np.load(path.with_name("a.npy"), mmap_mode="r")


FOREIGN = [
    pytest.param(lambda path: np.memmap(path, "uint8", mode="r"), "a.bin", 20_000, id="memmap"),
    pytest.param(
        lambda path: np.memmap(path, "uint8", mode="r", offset=5000, shape=(50, 2)),
        "a.bin",
        5_100,
        id="memmap of a part",
    ),
    pytest.param(saved, "a.npy", 20_128, id="np.load"),
    pytest.param(lambda path: np.frombuffer(mapped(path), "uint8"), None, 20_000, id="mmap"),
]


@pytest.mark.parametrize(("make", "name", "end"), FOREIGN)
@pytest.mark.parametrize(
    "view",
    [
        lambda x: x,
        lambda x: x[3:][::-2],
        lambda x: np.asarray(x)[1:].T,
        lambda x: memoryview(x),
        lambda x: np.lib.stride_tricks.sliding_window_view(x.reshape(-1), 9),
        lambda x: x.view(np.memmap),
    ],
    ids=["whole", "slices", "plain", "memoryview", "windows", "as a memmap"],
)
def test_files_that_others_mapped_are_checked_too(path, make, name, end, view):
    array = view(make(path))
    assert mapping_of(array) is None
    file = path if name is None else path.with_name(name)
    os.truncate(file, end)
    check_unshrunk(array)
    told = "A mapped file, whose name is unknown," if name is None else str(file)
    # Also a file of 0 bytes: that is how writing it anew begins.
    for size in (end - 1, 0):
        os.truncate(file, size)
        with pytest.raises(WrongSize) as refusal:
            check_unshrunk(array)
        assert str(refusal.value) == (
            f"{told} was cut short while it was mapped: expected at least {end:,} bytes, found "
            f"{size:,} bytes. Reading it would end the process. Open it again, and have writers "
            "write a new file and rename it."
        )
    os.truncate(file, end)
    check_unshrunk(array)


def test_memory_without_a_file_is_left_alone():
    check_unshrunk(np.frombuffer(mmap.mmap(-1, 4096), "uint8"))


def test_a_device_is_left_alone_though_it_is_0_bytes_long():
    with open("/dev/zero", "r+b") as device:  # noqa: PTH123
        mapping = mmap.mmap(device.fileno(), 4096)
    assert mapping.size() == 0
    check_unshrunk(np.frombuffer(mapping, "uint8"))


def test_an_empty_memmap_at_the_end_of_its_file_is_left_alone(path):
    os.truncate(path, 16384)
    check_unshrunk(np.memmap(path, "uint8", mode="r", offset=16384, shape=(0,)))


def test_a_mapping_that_let_go_of_its_file_is_left_alone(path):
    class Untracked(mmap.mmap):
        """As Python 3.13 makes it with trackfd=False."""

        def size(self):
            raise ValueError("can't get size with trackfd=False")

    with path.open("rb") as file:
        check_unshrunk(Untracked(file.fileno(), 0, access=mmap.ACCESS_READ))


def test_other_errors_of_the_system_pass_unchanged(path):
    class Failing(mmap.mmap):
        def size(self):
            raise OSError(errno.EIO, "no answer")

    with path.open("rb") as file:
        mapping = Failing(file.fileno(), 0, access=mmap.ACCESS_READ)
    with pytest.raises(OSError, match="no answer"):
        check_unshrunk(mapping)


def test_a_mapping_that_was_closed_under_an_array_is_told(path):
    array = np.memmap(path, "uint8", mode="r")[5:]
    array._mmap.close()
    with pytest.raises(FileError) as refusal:
        check_unshrunk(array)
    assert str(refusal.value) == (
        f"{path} was closed, but an array still shows its bytes, and reading them would end the "
        "process. Open it again, and close it after the last use."
    )


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


def shared(block):
    return np.ndarray(100, np.uint8, block.buf)


def below(path, make):
    """A mapping, and an array that `make` lays on it."""
    with path.open("r+b") as file:
        block = mmap.mmap(file.fileno(), 0)
    return block, make(block)


@pytest.mark.parametrize(
    "make",
    [
        lambda block: np.ndarray(100, np.uint8, block),
        lambda block: np.ndarray((10, 10), np.uint8, memoryview(block))[::2].T[1:],
        lambda block: np.frombuffer((ctypes.c_uint8 * 100).from_buffer(block), np.uint8),
        lambda block: np.ctypeslib.as_array((ctypes.c_uint8 * 100).from_buffer(block))[3:],
        lambda block: np.ctypeslib.as_array(((ctypes.c_uint8 * 50) * 2).from_buffer(block)[1]),
        lambda block: np.lib.stride_tricks.as_strided(
            np.ndarray(100, np.uint8, block), (5, 5), (2, 1)
        ),
        lambda block: sb.as_array(block)[5:],
        lambda block: np.frombuffer(memoryview(block)[5:], np.uint8).view(sb.Array),
    ],
    ids=["ndarray", "memoryview", "ctypes", "as_array", "part", "strided", "ours", "views"],
)
def test_a_mapping_is_found_below_all_views(path, make):
    block, laid = below(path, make)
    found = origin_of(laid)
    assert isinstance(found, Origin)
    assert found.mapping is block


def test_the_mapping_of_shared_memory_is_found_below_what_is_made_of_it():
    block = SharedMemory(create=True, size=4096)
    try:
        for laid in (shared(block), np.asarray(block.buf), sb.as_array(block)):
            assert origin_of(laid).mapping is block._mmap
        del laid
    finally:
        block.close()
        block.unlink()


def test_what_grows_is_told():
    for owner in (bytearray(100), array.array("B", bytes(100))):
        assert origin_of(np.ndarray(100, np.uint8, owner)) is owner
    assert origin_of(np.ndarray(100, np.uint8, bytes(100))) is None


def test_a_view_that_was_released_is_told():
    class BlockViews:
        base = memoryview(bytearray(100))

    BlockViews.base.release()
    for ask in (check_unshrunk, mapping_of, origin_of):
        with pytest.raises(FileError) as refusal:
            ask(BlockViews())
        assert str(refusal.value) == (
            "the memoryview below an array was released (as SharedMemory.close() does), and "
            "reading the array could end the process. Release it, or close the memory behind it, "
            "only after the last use."
        )


def test_an_object_that_is_its_own_base_is_no_endless_search():
    class Circle:
        @property
        def base(self):
            return self

    assert origin_of(Circle()) is None
