"""Where in a file the blocks of a shuffle lie, so that each can be read as a whole.

Small rows of a block are needed all over a window. Read one by one they cost a request each; a
block that is read at once, and kept while its window lasts, costs one, at the disk's full rate.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass

import numpy as np

from samebytes.memory.addresses import address_of
from samebytes.memory.available import available_memory
from samebytes.memory.files.origin import Origin, origin_of
from samebytes.plan.chunks import first_shuffle
from samebytes.plan.plan import Component, Plan
from samebytes.plan.samplers import Repeat, Take

__all__ = ["FileBlocks", "file_blocks"]

LARGE_BYTES = 128 << 10
"""Samples from this size on are read one by one: a disk takes as long for them as for the block."""

SHARE = 6
"""A window takes at most one in so many bytes of the memory there is: two are kept at a border."""


@dataclass(frozen=True)
class FileBlocks:
    """Blocks of one size in a mapped file; each holds the samples that begin in it whole.

    Attributes
    ----------
    mapping : mmap.mmap
        The file.
    begin, end : int
        Where the array lies in the mapping.
    nbytes : int
        Bytes from a block to the next.
    beyond : int
        Bytes that the samples of a block reach into the next one.
    """

    mapping: mmap.mmap
    begin: int
    end: int
    nbytes: int
    beyond: int


def file_blocks(plan: Plan) -> tuple[FileBlocks, ...]:
    """Return the blocks of the files that a plan shuffles in blocks of small samples.

    None where blocks are no neighbours in the file, or where a window of them is too large.
    """
    shuffle, before = first_shuffle(plan)
    if shuffle is None or shuffle.blocks is None or not shuffle.length:
        return ()
    if not all(isinstance(verb, Take | Repeat) for verb in before):
        return ()
    stride, span = 1, 1
    if plan.windows is not None:
        if plan.windows.start_seed is not None or len(plan.windows.borders) != 2:
            return ()
        if plan.windows.phase_seed is not None or plan.windows.borders[0] != 0:
            return ()
        stride, span = plan.windows.stride, plan.windows.span
    rows, reach = shuffle.blocks.size * stride, max(span - stride, 0)
    found: dict[int, FileBlocks | None] = {}
    for component in plan.components:
        blocks = _blocks_of(component, rows, reach, span)
        if blocks is None:
            continue
        number = id(blocks.mapping)
        # Two arrays in one file have blocks of their own, which no file could be cut into.
        same = found.setdefault(number, blocks) == blocks
        found[number] = blocks if same else None
    kept = tuple(one for one in found.values() if one is not None)
    memory = available_memory(swap=False)
    needed = sum(one.nbytes + one.beyond for one in kept) * shuffle.blocks.window
    return kept if memory is None or needed <= memory // SHARE else ()


def _blocks_of(component: Component, rows: int, reach: int, span: int) -> FileBlocks | None:
    array = component.array
    if not isinstance(array, np.ndarray) or not array.size or len(array) < 2:
        return None
    if not array.flags.c_contiguous or array.strides[0] * span >= LARGE_BYTES:
        return None
    origin = origin_of(array)
    if not isinstance(origin, Origin) or origin.path is None or origin.is_private:
        return None
    begin = address_of(array) - address_of(np.frombuffer(origin.mapping, np.uint8))
    row = array.strides[0]
    return FileBlocks(origin.mapping, begin, begin + array.nbytes, rows * row, reach * row)
