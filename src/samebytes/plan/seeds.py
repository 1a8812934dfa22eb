"""Seeds: those that were given, or drawn ones, which are then part of the dataset."""

from __future__ import annotations

import operator

__all__ = ["DrawnSeed", "RestoredSeed", "as_seed"]


class DrawnSeed(int):
    """A seed that nobody gave: a state of the same plan may put its own in its place.

    Otherwise it is the number that it is, equal to it and hashed, shown and pickled as it.
    """

    __slots__ = ()


class RestoredSeed(DrawnSeed):
    """A drawn seed that a state has put in its place, so that who resumes the same state has it."""

    __slots__ = ()


def as_seed(seed: int | None) -> int:
    """Return `seed`, or a random one, which is then part of the dataset and of its state."""
    if seed is None:
        import secrets  # on first use: it loads OpenSSL

        return DrawnSeed(secrets.randbits(63))
    if isinstance(seed, DrawnSeed):
        return seed
    seed = operator.index(seed)
    if not 0 <= seed < 1 << 64:
        message = f"seed {seed}: expected an integer from 0 to 2**64 - 1"
        raise ValueError(message)
    return seed
