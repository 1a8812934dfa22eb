"""How the bytes of the sources come into memory: which reader, and why."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from samebytes.memory.addresses import extent_of
from samebytes.memory.available import available_memory
from samebytes.memory.files.filesystem import filesystem_of, is_network
from samebytes.memory.files.origin import Origin, origin_of
from samebytes.memory.files.residency import can_tell, resident_share
from samebytes.memory.lazy import LazyArray
from samebytes.memory.text import as_bytes_text, shortened
from samebytes.plan.chunks import better_block_size, lazy_arrays_of
from samebytes.plan.file_blocks import FileBlocks, file_blocks
from samebytes.plan.plan_arrays import arrays_of
from samebytes.plan.reading_order import reads_in_order

if TYPE_CHECKING:
    from samebytes.plan.plan import Plan

__all__ = ["IN_MEMORY", "ReaderChoice", "choose_reader"]

IN_MEMORY = "all sources are in memory"

FITS = 7, 10
"""Of the memory there is, what files may take and still count as fitting: batches need some too."""

SMALL_BYTES = 64 << 20
"""Files of less than this in all are mapped without asking how much memory there is."""

SAMPLED_PAGES = 512
"""Pages of all files together that are asked about whether they are in memory."""

RESIDENT = 0.9
"""Share of the files' pages from which they count as being in memory."""


@dataclass(frozen=True)
class ReaderChoice:
    """A reader, and why it is that one.

    Attributes
    ----------
    name : str
        ``map``: the pass reads memory, and mapped files as if they were. ``ahead``: the exact
        pages of the batches to come are asked for before the pass reads them. ``read``: exact
        ranges are read into memory of our own, and no page of the mapping is touched.
    why : str
        The reason, for people.
    better_block_size : int, optional
        With which blocks a shuffle would have each chunk of the sources decoded once a window.
    blocks : tuple of FileBlocks
        Blocks of a shuffle that are read as wholes.
    in_order : bool
        Whether files are read from begin to end, by one thread, and the system reads ahead of it.
    """

    name: str
    why: str
    better_block_size: int | None = None
    blocks: tuple[FileBlocks, ...] = ()
    in_order: bool = False

    def __str__(self) -> str:
        """Return the name and the reason."""
        return f"{self.name}: {self.why}"


@dataclass(frozen=True)
class _File:
    """A mapped file of a plan: where its arrays lie, and its path if it can be read by that."""

    name: str
    path: Path | None
    begin: int
    nbytes: int


def choose_reader(plan: Plan, asked: str = "auto") -> ReaderChoice:
    """Return which reader brings the bytes of a plan's sources, and why; reads nothing.

    Parameters
    ----------
    plan : Plan
        Whose sources to look at.
    asked : str
        One of `samebytes.plan.options.READERS`.
    """
    lazy = next(lazy_arrays_of(plan), None)
    if lazy is not None:
        why = f"{shortened(lazy.name)} is in no memory: it is {_stored(lazy)}"
        return ReaderChoice("read", why, better_block_size(plan))
    files = _files_of(plan)
    if not files:
        return ReaderChoice("map", IN_MEMORY)
    if asked == "map":
        return ReaderChoice("map", "as asked")
    if sys.platform != "linux":
        return ReaderChoice("map", "only Linux can be asked for pages of a file")
    if asked == "read":
        unknown = next((file for file in files if file.path is None), None)
        if unknown is None:
            return _read_as_ordered(plan, files, "as asked")
        why = f"{unknown.name} cannot be opened again, or was changed in memory alone"
        return ReaderChoice("ahead", why)
    if asked == "ahead":
        return ReaderChoice("ahead", "as asked")
    choice = _choose(files)
    return _read_as_ordered(plan, files, choice.why) if choice.name == "read" else choice


def _read_as_ordered(plan: Plan, files: list[_File], why: str) -> ReaderChoice:
    """Return that files are read, and which way suits the order of a plan."""
    if reads_in_order(plan) and _on_network(files) is None:
        return ReaderChoice("read", f"{why}; from begin to end", in_order=True)
    blocks = file_blocks(plan)
    if blocks:
        nbytes = as_bytes_text(max(one.nbytes + one.beyond for one in blocks))
        why = f"{why}; blocks of {nbytes} as wholes"
    return ReaderChoice("read", why, blocks=blocks)


def _on_network(files: list[_File]) -> tuple[str, str] | None:
    """Return a file on a network file system, and its kind; None where all are on disks."""
    for file in files:
        kind = filesystem_of(file.path) if file.path is not None else None
        if kind is not None and is_network(kind):
            return file.name, kind
    return None


def _stored(array: LazyArray) -> str:
    return "read by ranges" if array.chunks is None else f"stored in chunks of {array.chunks}"


def _choose(files: list[_File]) -> ReaderChoice:
    remote = _on_network(files) if all(file.path is not None for file in files) else None
    if remote is not None:
        return ReaderChoice("read", "{} lies on {}, a network file system".format(*remote))
    total = sum(file.nbytes for file in files)
    if total < SMALL_BYTES:
        return ReaderChoice("map", "its files are small")
    largest = max(files, key=lambda file: file.nbytes).name
    named = largest if len(files) == 1 else f"{largest} and others, {len(files):,} files"
    memory = available_memory(swap=False)
    part, whole = FITS
    if memory is not None and total > memory * part // whole:
        why = (
            f"{named} ({as_bytes_text(total)}) will not stay in the {as_bytes_text(memory)} of "
            "memory there is"
        )
        # Pages that are asked for compete with those that are let go, and the kernel drops requests
        # in silence when a group's memory is full; reading waits, and makes 1.4 to 4 times as much.
        known = all(file.path is not None for file in files)
        return ReaderChoice("read" if known else "ahead", why)
    missing = _missing_share(files)
    if missing > 1 - RESIDENT:
        return ReaderChoice("ahead", f"{missing:.0%} of {named} is not in memory yet")
    return ReaderChoice("map", f"{named} is in memory")


def _missing_share(files: list[_File]) -> float:
    """Return which share of the files' bytes is not in memory, as far as the system tells."""
    total, missing = 0, 0.0
    samples = max(1, SAMPLED_PAGES // len(files))
    for file in files:
        total += file.nbytes
        told = file.path is None or can_tell(file.path)
        share = resident_share(file.begin, file.nbytes, samples) if told else None
        missing += 0.0 if share is None else (1 - share) * file.nbytes
    return missing / total


def _files_of(plan: Plan) -> list[_File]:
    """Return the mapped files that the sources of a plan lie in, each once."""
    found: dict[int, tuple[Origin, list[npt.NDArray[Any]]]] = {}
    for array in arrays_of(plan):
        origin = origin_of(array)
        if isinstance(origin, Origin) and origin.has_file and array.size:
            found.setdefault(id(origin.mapping), (origin, []))[1].append(array)
    return [_file(*both) for both in found.values()]


def _file(origin: Origin, arrays: list[npt.NDArray[Any]]) -> _File:
    ends = [extent_of(array) for array in arrays]
    begin, end = min(low for low, _ in ends), max(high for _, high in ends)
    path = None if origin.is_private else origin.path
    return _File(Path(origin.name).name, path, begin, end - begin)
