"""Calls of the system for many ranges at a time: what they do, and what they say of failures."""

import errno
import mmap
import os
import sys

import numpy as np
import pytest

from samebytes.engine.kernels.storage import (
    NOTHING_LEFT,
    advise_ranges,
    count_missing_pages,
    read_ranges,
)
from samebytes.memory.addresses import address_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="calls of Linux")

PAGE = mmap.PAGESIZE


@pytest.fixture
def file(tmp_path):
    values = np.arange(10 * PAGE, dtype=np.uint8)
    path = tmp_path / "x.bin"
    path.write_bytes(values.tobytes())
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor, values
    os.close(descriptor)


def read(descriptors, offsets, sizes):
    memory = np.zeros(sum(sizes), np.uint8)
    targets = address_of(memory) + np.cumsum([0, *sizes[:-1]])
    files = np.array(descriptors, np.int32)
    found = read_ranges(files, np.array(offsets), targets, np.array(sizes))
    return found, memory


def test_each_range_is_read_to_its_place(file):
    descriptor, values = file
    offsets, sizes = [9, 3 * PAGE - 1, 0], [100, 2 * PAGE, 1]
    found, memory = read([descriptor] * 3, offsets, sizes)
    assert found == (-1, 0, 0)
    parts = [values[start : start + size] for start, size in zip(offsets, sizes, strict=True)]
    np.testing.assert_array_equal(memory, np.concatenate(parts))


def test_a_file_that_ends_is_told_of_with_how_far_it_went(file):
    descriptor, values = file
    found, memory = read([descriptor] * 2, [0, 10 * PAGE - 7], [4, 20])
    assert found == (1, NOTHING_LEFT, 7)
    np.testing.assert_array_equal(memory[4:11], values[-7:])


def test_an_error_of_the_system_is_told_of(file):
    descriptor, _ = file
    closed = os.dup(descriptor)
    os.close(closed)
    found, _ = read([descriptor, closed], [0, 0], [4, 4])
    assert found == (1, errno.EBADF, 0)


def test_advice_that_fails_is_counted_with_the_reason():
    block = mmap.mmap(-1, 4 * PAGE)
    begin = address_of(np.frombuffer(block, np.uint8))
    starts, stops = np.array([begin, begin + 1]), np.array([begin + PAGE, begin + PAGE])
    assert advise_ranges(starts, stops, mmap.MADV_WILLNEED, PAGE) == (1, errno.EINVAL)
    assert advise_ranges(starts[:1], stops[:1], 12345, PAGE) == (1, errno.EINVAL)
    # In pieces of at most so many bytes.
    whole = np.array([begin]), np.array([begin + 4 * PAGE])
    assert advise_ranges(*whole, 12345, PAGE) == (4, errno.EINVAL)


@pytest.mark.usefixtures("disk")
def test_missing_pages_are_counted_and_come_when_they_are_asked_for(file):
    descriptor, _ = file
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    block = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
    begin = address_of(np.frombuffer(block, np.uint8))
    starts = np.array([begin, begin + 6 * PAGE])
    stops = np.array([begin + 2 * PAGE, begin + 9 * PAGE])
    seen, missing = np.empty(3, np.uint8), np.empty(2, np.int64)
    assert count_missing_pages(starts, stops, seen, missing)
    assert missing.tolist() == [2, 3]
    populate = 22  # MADV_POPULATE_READ
    assert advise_ranges(starts[:1], stops[:1], populate, 1 << 40) == (0, 0)
    assert count_missing_pages(starts[:1], stops[:1], seen, missing)
    assert missing[0] == 0
    assert not count_missing_pages(starts + 1, stops + 1, seen, missing)
