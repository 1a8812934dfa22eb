"""Pages from the system: huge ones where they pay, unless somebody says no."""

from __future__ import annotations

import ctypes
import mmap
import re
from pathlib import Path

import pytest

from samebytes.memory import pages
from samebytes.memory.aligned import aligned, empty
from samebytes.memory.pages import (
    HUGE_PAGE_BYTES,
    HUGE_PAGE_SWITCH,
    allocate_pages,
    wants_huge_pages,
)

ADVICE = getattr(mmap, "MADV_HUGEPAGE", None)
pytestmark = pytest.mark.skipif(ADVICE is None, reason="huge pages are asked for on Linux")


@pytest.fixture
def advised(monkeypatch):
    """Return the list of advice that blocks made in the test receive, as (size, advice)."""
    given = []

    class Recorder(mmap.mmap):
        def madvise(self, advice, *span):
            given.append((len(self), advice))
            return super().madvise(advice, *span)

    monkeypatch.setattr(pages.mmap, "mmap", Recorder)
    monkeypatch.delenv(HUGE_PAGE_SWITCH, raising=False)
    return given


@pytest.mark.parametrize("nbytes", [0, 1, 4096, HUGE_PAGE_BYTES - 1])
def test_small_blocks_ask_for_nothing(advised, nbytes):
    allocate_pages(nbytes, huge_pages=True)
    assert advised == []


@pytest.mark.parametrize("nbytes", [HUGE_PAGE_BYTES, HUGE_PAGE_BYTES + 1, 8 << 20])
def test_large_blocks_ask_for_huge_pages(advised, nbytes):
    allocate_pages(nbytes)
    assert advised == [(nbytes, ADVICE)]


@pytest.mark.parametrize(
    ("environment", "argument", "wanted"),
    [
        (None, None, True),
        ("1", None, True),
        ("0", None, False),
        ("0", True, True),
        ("1", False, False),
        (None, False, False),
    ],
)
def test_the_argument_decides_before_the_environment(
    advised, monkeypatch, environment, argument, wanted
):
    if environment is not None:
        monkeypatch.setenv(HUGE_PAGE_SWITCH, environment)
    assert wants_huge_pages(huge_pages=argument) is wanted
    empty(HUGE_PAGE_BYTES, "u1", huge_pages=argument)
    aligned(b"x" * HUGE_PAGE_BYTES, huge_pages=argument)
    assert advised == [(HUGE_PAGE_BYTES, ADVICE)] * (2 * wanted)


def test_a_kernel_that_refuses_the_advice_still_gives_memory(monkeypatch):
    class Refusing(mmap.mmap):
        def madvise(self, advice, *span):
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr(pages.mmap, "mmap", Refusing)
    block = allocate_pages(HUGE_PAGE_BYTES, huge_pages=True)
    assert len(block) == HUGE_PAGE_BYTES
    assert block[:8] == bytes(8)


@pytest.mark.parametrize("huge_pages", [False, True])
def test_the_kernel_knows_which_blocks_asked(huge_pages):
    smaps = Path("/proc/self/smaps")
    if "VmFlags" not in smaps.read_text():
        pytest.skip("this kernel lists no flags")
    array = empty(32 << 20, "u1", huge_pages=huge_pages)
    middle = array.ctypes.data + array.nbytes // 2
    flags = None
    for line in smaps.read_text().splitlines():
        span = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
        if span:
            inside = int(span[1], 16) <= middle < int(span[2], 16)
        elif inside and line.startswith("VmFlags:"):
            flags = line.split()[1:]
    if huge_pages and "hg" not in flags:
        pytest.skip("this kernel has no transparent huge pages")
    assert ("hg" in flags) is huge_pages
    assert "sh" not in flags  # not shared: private


@pytest.mark.parametrize("nbytes", [0, 1, 4095, 4097, 1 << 20])
def test_blocks_begin_on_a_page_are_zero_and_hold_what_was_asked(nbytes):
    block = allocate_pages(nbytes)
    assert len(block) == max(nbytes, 1)
    assert ctypes.addressof(ctypes.c_char.from_buffer(block)) % mmap.PAGESIZE == 0
    assert not any(block[:])
