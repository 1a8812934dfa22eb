"""How far a copy is, for whoever wants to be told."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Progress"]


class Progress(NamedTuple):
    """How far a copy is.

    Attributes
    ----------
    done, total : int
        Bytes that were moved, and that will be: each byte once or twice.
    resumed : int
        Of those that were moved, how many an earlier copy did that was interrupted.
    anew : str, optional
        Why what an interrupted copy had left there is of no use, where it is not.
    """

    done: int
    total: int
    resumed: int = 0
    anew: str | None = None
