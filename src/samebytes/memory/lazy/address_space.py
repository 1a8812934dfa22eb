"""Addresses for the bytes of a lazy array, without memory behind them.

The pass works with addresses. So a lazy array gets some, as if it were mapped: which bytes a batch
needs then follows as it does for a mapped file, they are read into memory of ours, and the kernels
are told by how much to shift. Nothing is ever read at these addresses: it would end the process.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samebytes.memory.lazy.sources import Source

__all__ = ["AddressSpace", "reserve"]


class AddressSpace(mmap.mmap):
    """Addresses that belong to a source; `reserve` makes them.

    Attributes
    ----------
    source : Source
        What lies there, if one asks it.
    """

    source: Source


def reserve(source: Source, nbytes: int) -> AddressSpace:
    """Return addresses for so many bytes of a source; takes no memory.

    Raises
    ------
    MemoryError
        If the process may not have so many (``ulimit -v``).

    Examples
    --------
    >>> from samebytes.memory.lazy.sources import ByteSource
    >>> class Nothing(ByteSource):
    ...     name = "nothing"
    ...     def read(self, starts, targets, sizes): ...
    >>> len(reserve(Nothing(), 1 << 40)) == 1 << 40
    True
    """
    try:
        space = AddressSpace(
            -1, max(nbytes, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=0
        )
    except (OSError, OverflowError) as refusal:
        message = (
            f"{source.name} needs {nbytes:,} bytes of addresses (no memory), and the system "
            f"refused ({refusal}): raise the process's limit, ulimit -v unlimited, or open a part "
            "of it"
        )
        raise MemoryError(message) from refusal
    space.source = source
    return space
