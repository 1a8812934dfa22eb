"""The readers by name, one line each."""

from __future__ import annotations

from collections.abc import Callable

from samebytes.engine.readers.ahead import Ahead
from samebytes.engine.readers.map import Map
from samebytes.engine.readers.read import Read
from samebytes.engine.readers.reader import JobsOf, Reader
from samebytes.memory.available import available_memory
from samebytes.memory.files.hold import Region
from samebytes.plan.reader_choice import ReaderChoice

__all__ = ["make_reader"]

_readers: dict[str, Callable[[ReaderChoice, list[Region], JobsOf, int], Reader]] = {
    "map": Map,
    "ahead": Ahead,
    "read": Read,
}

AHEAD_BYTES = 128 << 20
"""Bytes asked for ahead of the batch that is being made, about: a tenth of a second of a disk of
1 GB/s, so that neither its queue runs dry nor a slow request is waited for."""

MOST_AHEAD = 64
"""Blocks ahead at most, however small."""

SHARE = 8
"""Of the memory there is, ahead takes at most one in so many bytes: what is asked for and pushed
out before it is read would be read twice."""


def make_reader(
    choice: ReaderChoice, regions: list[Region], jobs_of: JobsOf, block_bytes: int
) -> Reader:
    """Return the reader that was chosen.

    Parameters
    ----------
    choice : ReaderChoice
        Which one.
    regions : list of Region
        The mapped files that the sources lie in.
    jobs_of : callable
        Gives the jobs of a block by its number, None behind the last one.
    block_bytes : int
        Bytes that a block reads, about.
    """
    return _readers[choice.name](choice, regions, jobs_of, depth_for(block_bytes))


def depth_for(block_bytes: int) -> int:
    """Return how many blocks of so many bytes are asked for ahead; at least 1.

    Examples
    --------
    >>> depth_for(1), depth_for(1 << 40)
    (64, 1)
    """
    memory = available_memory(swap=False)
    most = AHEAD_BYTES if memory is None else min(AHEAD_BYTES, memory // SHARE)
    return max(1, min(most // max(block_bytes, 1), MOST_AHEAD))
