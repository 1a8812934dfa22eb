"""How many batches are made together: small ones share what a batch costs beside its bytes."""

from __future__ import annotations

from samebytes.plan.plan import Plan

__all__ = ["UNBATCHED_SAMPLES", "batches_per_block", "blocks_ahead", "samples_in"]

UNBATCHED_SAMPLES = 32
"""Samples made at a time where single samples are handed out, unless they are large."""

UNBATCHED_BYTES = 256 << 20
"""Single samples that are made at a time have so many bytes at most, or are a single one."""

BLOCK_BYTES = 16 << 20
"""Batches that are smaller are made together, up to this much.

Beside its bytes a batch costs the interpreter some 150 µs (numbers, blocks, waking threads), and
as much again for each tensor: more than writing a megabyte does.
"""

MOST_BATCHES_PER_BLOCK = 32
"""Batches made together at most: more gain nothing, and all come from one block."""


def samples_in(plan: Plan) -> int:
    """Return how many samples are written side by side: those of a batch, if there are so many."""
    size = plan.batch_size
    if size is None:
        each = sum(component.sample_bytes for component in plan.components)
        size = min(UNBATCHED_SAMPLES, max(UNBATCHED_BYTES // max(each, 1), 1))
    length = plan.samples.length
    return size if length is None else max(min(size, length), 1)


def batches_per_block(plan: Plan, prefetch: int) -> int:
    """Return how many batches are made together, in blocks they share.

    Functions that run after the pass are given the batches they were promised, and fail when
    theirs comes: with those it is one. So it is where nothing is to be made ahead. Single samples
    are made many at a time anyway.
    """
    if plan.batch_size is None or plan.later or prefetch == 0:
        return 1
    nbytes = samples_in(plan) * sum(component.sample_bytes for component in plan.components)
    some = min(max(BLOCK_BYTES // max(nbytes, 1), 1), MOST_BATCHES_PER_BLOCK)
    length = plan.length
    return some if length is None else max(min(some, length), 1)


def blocks_ahead(plan: Plan, prefetch: int) -> int:
    """Return how many blocks are made ahead: what was asked for, rounded up to whole ones.

    Of several batches two at least, so that the numbers of one are made while another is filled:
    with one, a thread of two had nothing to do half of the time.
    """
    each = batches_per_block(plan, prefetch)
    return prefetch if each == 1 else max(-(-prefetch // each), 2)
