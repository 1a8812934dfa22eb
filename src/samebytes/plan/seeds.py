"""Seeds: those that were given, or drawn ones, which are then part of the dataset."""

from __future__ import annotations

import operator

import numpy as np

from samebytes.plan import rng

__all__ = ["DerivedSeed", "DrawnSeed", "RestoredSeed", "as_seed", "derived_seed"]

ORDER_SEEDS, BATCH_SEEDS, MAP_SEEDS, WINDOW_SEEDS = range(4)
"""What seeds are for: each has a stream of its own among those that follow from one seed."""

SEED_STREAM = 0xFFF0
"""The stream of the first of them; transforms number theirs from 0."""


class DrawnSeed(int):
    """A seed that nobody gave: a state of the same plan may put its own in its place.

    Otherwise it is the number that it is, equal to it and hashed, shown and pickled as it.
    """

    __slots__ = ()


class RestoredSeed(DrawnSeed):
    """A drawn seed that a state has put in its place, so that who resumes the same state has it."""

    __slots__ = ()


class DerivedSeed(int):
    """A seed that follows from that of the whole dataset, which another one may replace.

    It is no `DrawnSeed`: somebody gave the seed that it follows from.
    """

    __slots__ = ()


def derived_seed(seed: int, purpose: int, place: int) -> DerivedSeed:
    """Return the seed of one shuffle or transform of a dataset that has `seed`.

    Examples
    --------
    >>> derived_seed(0, MAP_SEEDS, 0) == derived_seed(0, MAP_SEEDS, 1)
    False
    """
    words = rng.words(seed, 0, np.array([place]), SEED_STREAM + purpose, 1)
    return DerivedSeed(int(words[0, 0]) >> 1)  # 63 bits, as those that are drawn


def as_seed(seed: int | None) -> int:
    """Return `seed`, or a random one, which is then part of the dataset and of its state."""
    if seed is None:
        import secrets  # on first use: it loads OpenSSL

        return DrawnSeed(secrets.randbits(63))
    if isinstance(seed, DrawnSeed | DerivedSeed):
        return seed
    seed = operator.index(seed)
    if not 0 <= seed < 1 << 64:
        message = f"seed {seed}: expected an integer from 0 to 2**64 - 1"
        raise ValueError(message)
    return seed
