"""How much of a mapped file is in memory."""

import mmap
import os
import sys

import numpy as np
import pytest

from samebytes.memory.addresses import address_of
from samebytes.memory.files.residency import can_tell, resident_share

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")

PAGES = 256


@pytest.fixture
def mapped(disk):
    """Return a file of which no page is in memory, mapped so that a touch reads one page."""
    path = disk / "x.bin"
    path.write_bytes(bytes(PAGES * mmap.PAGESIZE))
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    block = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
    block.madvise(mmap.MADV_RANDOM)
    os.close(descriptor)
    return block


def share_of(block):
    return resident_share(address_of(np.frombuffer(block, np.uint8)), len(block))


def test_the_share_is_that_of_what_was_read(mapped):
    assert share_of(mapped) == 0
    mapped[: PAGES // 2 * mmap.PAGESIZE]
    assert share_of(mapped) == pytest.approx(0.5, abs=0.02)
    mapped[:]
    assert share_of(mapped) == 1


def test_memory_is_resident_and_nothing_is_nothing():
    array = np.ones(100_000)
    assert resident_share(address_of(array), array.nbytes) == 1
    assert resident_share(address_of(array), 0) is None


def test_of_memory_that_is_not_there_nobody_says():
    assert resident_share(mmap.PAGESIZE, 10 * mmap.PAGESIZE) is None


def test_the_system_tells_of_files_that_one_may_write(tmp_path):
    assert can_tell(tmp_path)
    assert not can_tell(tmp_path / "no such file")
