"""Seeds: those that were given, or random ones, which are then part of the dataset."""

from __future__ import annotations

import operator

from samebytes.dataset.transforms.base import Transform

__all__ = ["as_seed", "seed_of"]


def seed_of(transform: Transform, seed: int | None) -> int:
    """Give the seed of a transform's draws; 0 where it draws nothing, so that plans compare."""
    if not transform.draws:
        return 0
    return as_seed(seed if seed is not None else transform.seed)


def as_seed(seed: int | None) -> int:
    """Give `seed`, or a random one, which is then part of the dataset and of its state."""
    if seed is None:
        import secrets  # on first use: it loads OpenSSL

        return secrets.randbits(63)
    seed = operator.index(seed)
    if not 0 <= seed < 1 << 64:
        message = f"seed {seed}: expected an integer from 0 to 2**64 - 1"
        raise ValueError(message)
    return seed
