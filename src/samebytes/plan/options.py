"""How a dataset is run: what no result depends on."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """How a dataset is run; no result depends on it.

    Attributes
    ----------
    threads : int, optional
        Threads that fill batches; by default one a core.
    prefetch : int
        Batches made ahead of the one that is consumed.
    format : str
        What comes out: ``numpy`` arrays or ``tensorflow`` tensors, on the same bytes.
    """

    threads: int | None = None
    prefetch: int = 2
    format: str = "numpy"
