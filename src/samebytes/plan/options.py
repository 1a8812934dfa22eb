"""How a dataset is run: what no result depends on."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["READERS", "Options"]

READERS = ("auto", "map", "ahead", "read")
"""Ways in which bytes of mapped files come into memory; see `ReaderChoice`."""


@dataclass(frozen=True)
class Options:
    """How a dataset is run; no result depends on it.

    Attributes
    ----------
    threads : int, optional
        Threads that fill batches; by default one a core, of those that fall to this process.
    prefetch : int
        Batches made ahead of the one that is consumed.
    format : str
        What comes out: ``numpy`` arrays, ``tensorflow`` or ``torch`` tensors, on the same bytes.
    reader : str
        How bytes of mapped files come into memory; ``auto`` chooses, see `ReaderChoice`.
    processes : int
        How many on this machine do the same, and share its cores.
    """

    threads: int | None = None
    prefetch: int = 2
    format: str = "numpy"
    reader: str = "auto"
    processes: int = 1
