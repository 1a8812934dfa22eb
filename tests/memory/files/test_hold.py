"""Arrays while they are read: no memory is taken away, and what was missing is told."""

from __future__ import annotations

import array
import gc
import mmap
import os
import subprocess
import sys
from multiprocessing.shared_memory import SharedMemory
from unittest import mock

import numpy as np
import pytest

import samebytes as sb
from samebytes.errors import FileError, WrongSize
from samebytes.memory.files import alias, bus_guard
from samebytes.memory.files.hold import Hold, held

PAGE = mmap.PAGESIZE
SIZE = 64 * PAGE
guarded = pytest.mark.skipif(sys.platform != "linux", reason="missing pages kill elsewhere")


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "x.bin"
    found.write_bytes(bytes(range(1, 257 - 1)) * (SIZE // 255) + b"\x01" * (SIZE % 255))
    return found


def opened(path, mode="r"):
    return np.asarray(np.memmap(path, np.uint8, mode)).view(np.ndarray)


def places(address):
    """How many mappings hold an address: none, or one."""
    with open("/proc/self/maps") as maps:  # noqa: PTH123
        ranges = [line.split()[0].split("-") for line in maps]
    return sum(int(begin, 16) <= address < int(end, 16) for begin, end in ranges)


# ------------------------------------------------------------------- what is read instead


@guarded
@pytest.mark.parametrize("mode", ["r", "r+"])
@pytest.mark.parametrize(
    "view",
    [
        lambda x: x,
        lambda x: x[5:][::-3],
        lambda x: x.reshape(64, -1).T[::2, ::-1],
        lambda x: x[3:-1].view(np.dtype([("a", ">u2"), ("b", "u1")])),
        lambda x: np.broadcast_to(x[7:9], (3, 2)),
        lambda x: np.lib.stride_tricks.sliding_window_view(x, 9),
        lambda x: x[9:10].reshape(()),
    ],
    ids=["whole", "backwards", "transposed", "records", "broadcast", "windows", "single"],
)
def test_the_same_values_are_read_at_addresses_of_our_own(path, mode, view):
    mine = view(opened(path, mode))
    with held(mine) as (found,):
        np.testing.assert_array_equal(found, mine)
        assert (found.dtype, found.shape, found.strides) == (mine.dtype, mine.shape, mine.strides)
        assert not np.shares_memory(found, mine)


@guarded
def test_what_is_written_to_the_file_is_read(path):
    mine = opened(path, "r+")
    with held(mine) as (found,):
        mine[5000] = 77
        assert found[5000] == 77
        assert not found.flags.writeable


@guarded
def test_who_reads_a_mapping_again_finds_its_pages_looked_up(path):
    mine = opened(path)
    with held(mine, mine[5:]) as (one, other), held(mine) as (again,):
        assert one.ctypes.data == again.ctypes.data == other.ctypes.data - 5


@guarded
def test_our_mapping_goes_with_its_last_reader(path):
    with held(opened(path)) as (found,):
        kept = found[4000:]
    address = kept.ctypes.data
    del found
    gc.collect()
    assert places(address) == 1
    del kept
    gc.collect()
    assert places(address) == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda path: np.zeros(9),
        lambda path: np.frombuffer(mmap.mmap(-1, SIZE), np.uint8),
        lambda path: sb.zeros(9).view(np.ndarray),
        lambda path: np.memmap(path, np.uint8, "c").view(np.ndarray),
        lambda path: np.memmap(path, np.uint8, "r")[:0].view(np.ndarray),
        lambda path: np.frombuffer(bytearray(9), np.uint8),
    ],
    ids=["memory", "shared", "ours", "copy on write", "nothing", "bytearray"],
)
def test_what_has_no_pages_of_a_file_to_share_is_read_where_it_lies(path, make):
    mine = make(path)
    with held(mine) as (found,):
        assert found.ctypes.data == mine.ctypes.data or "shared" in str(mine.base)


def test_without_a_guard_arrays_are_read_where_they_lie_and_sizes_are_asked(path):
    mine = opened(path)
    with (
        mock.patch.object(bus_guard, "_guard", None),
        mock.patch.object(
            bus_guard,
            "_refused",
            True,
        ),
    ):
        assert not bus_guard.is_available()
        with Hold([mine]) as hold:
            assert not hold.is_guarded
            assert hold.arrays()[0] is mine
            hold.check()
            os.truncate(path, 5)
            with pytest.raises(WrongSize, match="was cut short"):
                hold.check()
        with pytest.raises(WrongSize, match="was cut short"):
            Hold([mine])


@guarded
def test_where_the_system_gives_no_second_mapping_the_first_is_watched(path):
    mine = opened(path)
    with mock.patch.object(alias, "_system_calls", return_value=None), Hold([mine]) as hold:
        assert hold.is_guarded
        assert hold.arrays()[0] is mine


# ------------------------------------------------------------------------ missing pages


@guarded
@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_missing_pages_are_survived_and_told(path, mode):
    mine = opened(path, mode)
    with Hold([mine]) as hold:
        (found,) = hold.arrays()
        assert found.sum() > 0
        hold.check()
        os.truncate(path, PAGE + 5)
        assert not found[3 * PAGE :].any()
        for _ in range(2):  # for ever
            with pytest.raises(WrongSize) as refusal:
                hold.check()
            assert str(refusal.value) == (
                f"{path} was cut short while it was mapped: expected at least {SIZE:,} bytes, "
                f"found {PAGE + 5:,} bytes. Reading it would end the process. Open it again, and "
                "have writers write a new file and rename it."
            )
    with pytest.raises(WrongSize):
        Hold([mine])


@guarded
@pytest.mark.parametrize("size", [0, PAGE - 1, SIZE - 1])
def test_any_cut_is_told(path, size):
    with Hold([opened(path)]) as hold:
        os.truncate(path, size)
        hold.arrays()[0].sum()
        with pytest.raises(WrongSize, match=f"found {size:,} bytes"):
            hold.check()


@guarded
@pytest.mark.parametrize("mode", ["r", "c"])
def test_pages_that_came_back_are_told_too(path, mode):
    mine, content = opened(path, mode), path.read_bytes()
    hold = Hold([mine])
    os.truncate(path, 0)
    assert not hold.arrays()[0][5 * PAGE :].any()
    with path.open("r+b") as file:
        file.write(content)
    with pytest.raises(WrongSize) as refusal:
        hold.check()
    assert str(refusal.value) == (
        f"{path} was not complete while it was being read: expected at least {SIZE:,} bytes "
        f"throughout, found {SIZE:,} bytes now. It was cut short for a while, or its disk could "
        "not be read. Open it again, and have writers write a new file and rename it."
    )
    if mode == "r":  # the owner's pages are what the file's are
        with held(mine) as (again,):
            assert again.tobytes() == mine.tobytes() == content
    else:  # the owner sees the zeros: this mapping is not read any more
        with pytest.raises(WrongSize, match="was not complete"):
            Hold([mine])
        with held(opened(path, "c")) as (again,):
            assert again.tobytes() == content


@guarded
def test_one_file_of_many_is_named(tmp_path):
    files = [tmp_path / f"{number}.bin" for number in range(20)]
    for file in files:
        file.write_bytes(b"\x01" * SIZE)
    hold = Hold([opened(file) for file in files])
    os.truncate(files[7], 5)
    assert [bool(found.all()) for found in hold.arrays()] == [number != 7 for number in range(20)]
    with pytest.raises(WrongSize, match=r"7\.bin was cut short"):
        hold.check()


def many(folder, count=40):
    """Return a hold of many files, and where each is read."""
    files = [folder / f"{number}.bin" for number in range(count)]
    for file in files:
        file.write_bytes(b"\x01" * (2 * PAGE))
    hold = Hold([opened(file)[5:] for file in files] + [np.zeros(9)])
    return files, hold, np.array([found.ctypes.data for found in hold.arrays()])


@guarded
def test_of_many_files_those_are_asked_that_were_read(tmp_path):
    files, hold, places = many(tmp_path)
    for number in (7, 8):
        os.truncate(files[number], PAGE + 5)  # in the middle of a page: no signal comes
    hold.check(lambda: [places[:7], places[9:]])
    hold.check(list)
    for number in (7, 8):
        with pytest.raises(WrongSize, match=rf"{number}\.bin was cut short"):
            hold.check(lambda number=number: [places[:3], places[[number]] + PAGE])
    with pytest.raises(WrongSize, match=r"7\.bin was cut short"):
        hold.check()
    with pytest.raises(WrongSize, match=r"7\.bin was cut short"):
        hold.check(lambda: None)
    with pytest.raises(WrongSize, match=r"7\.bin was cut short"):
        hold.check(lambda: [np.repeat(places[:1], 100)])  # to ask all is no more work than to look


@guarded
def test_a_page_of_any_file_that_raised_a_signal_is_told(tmp_path):
    files, hold, places = many(tmp_path)
    os.truncate(files[7], 0)
    hold.arrays()[7].sum()
    with pytest.raises(WrongSize, match=r"7\.bin was cut short"):
        hold.check(lambda: [places[:3]])


def test_without_a_guard_many_files_are_asked_where_they_lie(tmp_path):
    nothing = (
        mock.patch.object(bus_guard, "_guard", None),
        mock.patch.object(bus_guard, "_refused", True),
    )
    with nothing[0], nothing[1]:
        files, hold, places = many(tmp_path)
        os.truncate(files[7], 5)
        hold.check(lambda: [places[8:12]])
        with pytest.raises(WrongSize, match=r"7\.bin was cut short"):
            hold.check(lambda: [places[6:9]])


@pytest.mark.parametrize("mode", ["r", "c"])
def test_what_each_file_is_asked_is_its_own(tmp_path, mode):
    """Also where one mapping has several arrays, and where some have no file."""
    files = [tmp_path / f"{number}.bin" for number in range(20)]
    for number, file in enumerate(files):
        file.write_bytes(b"\x01" * (PAGE + number))
    arrays = [opened(file, mode) for file in files]
    both = [*(array[9:] for array in arrays), *reversed(arrays), np.zeros(3)]
    with Hold(both) as hold:
        places = np.array([found.ctypes.data for found in hold.arrays()])
        for number, file in enumerate(files):
            os.truncate(file, PAGE + number - 1)
            for place in (number, 39 - number):
                with pytest.raises(WrongSize, match=rf"/{number}\.bin was cut short"):
                    hold.check(lambda place=place: [places[[place]]])


@guarded
def test_the_guard_of_another_array_is_not_ours(path, tmp_path):
    other = tmp_path / "other.bin"
    other.write_bytes(bytes(SIZE))
    mine, its = Hold([opened(path)]), Hold([opened(other)])
    os.truncate(other, 0)
    its.arrays()[0].sum()
    mine.check()
    with pytest.raises(WrongSize):
        its.check()


def test_what_a_block_raises_is_raised_and_not_what_was_missing(path):
    with pytest.raises(KeyError), held(opened(path)):  # noqa: PT012
        os.truncate(path, 5)
        raise KeyError


# ------------------------------------------------------------------ memory that is held


def grown(block):
    block.extend(bytes(1 << 20))


OWNERS = [
    pytest.param(lambda: mmap.mmap(-1, SIZE), lambda block: block.close(), id="close"),
    pytest.param(lambda: mmap.mmap(-1, SIZE), lambda block: block.resize(PAGE), id="resize"),
    pytest.param(lambda: bytearray(SIZE), grown, id="bytearray"),
    pytest.param(lambda: array.array("B", bytes(SIZE)), grown, id="array.array"),
]


@pytest.mark.parametrize(("make", "take_away"), OWNERS)
def test_memory_cannot_be_taken_away_while_it_is_held(make, take_away):
    block = make()
    laid = np.ndarray(SIZE, np.uint8, block)
    hold, other = Hold([laid]), Hold([laid[5:]])
    for one in (hold, other):
        with pytest.raises(BufferError):
            take_away(block)
        one.release()
        one.release()
    take_away(block)
    with pytest.raises(FileError, match=r"was closed|was resized"):
        Hold([laid]).arrays()
    take_away(make())


def test_shared_memory_closes_when_it_is_let_go():
    block = SharedMemory(create=True, size=SIZE)
    with Hold([np.ndarray(SIZE, np.uint8, block.buf)]), pytest.raises(BufferError):
        block.close()
    block.close()
    block.unlink()


def test_a_refusal_holds_nothing():
    good, bad = mmap.mmap(-1, PAGE), mmap.mmap(-1, PAGE)
    both = [np.ndarray(PAGE, np.uint8, block) for block in (good, bad)]
    bad.close()
    with pytest.raises(FileError) as refusal:
        Hold(both)
    good.close()
    assert "was closed" in str(refusal.value)


def test_a_forked_child_holds_nothing():
    """Its readers are gone; and SharedMemory would write to stderr at its end."""
    script = """
import mmap, os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
import numpy as np
from samebytes.memory.files.hold import Hold
block = mmap.mmap(-1, 4096)
hold = Hold([np.ndarray(9, np.uint8, block)])
if os.fork() == 0:
    block.close()
    os._exit(5)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 5
try:
    block.close()
except BufferError:
    print("held")
"""
    child = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (child.returncode, child.stdout, child.stderr) == (0, "held\n", "")
