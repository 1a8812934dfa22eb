"""How much is made ahead: no more than there is to make, and no more than memory holds."""

from __future__ import annotations

from samebytes.memory.available import available_memory
from samebytes.plan.chunks import lazy_arrays_of
from samebytes.plan.plan import Plan
from samebytes.plan.prefetch import batches_per_block, blocks_ahead, samples_in

__all__ = ["blocks_ahead_in_memory"]

MOST_AHEAD = 4096
"""Blocks made ahead at most, however small: each is known to the threads before it is made."""

SMALL_BYTES = 64 << 20
"""What takes less than this in all is made without asking how much memory there is."""

INDEX_BYTES = 40
"""Bytes a sample, about, in which numbers are worked out where it lies: five of int64."""

SHARE = 3, 4
"""Of the memory there is, what batches made ahead may take; the rest is for whoever takes them."""

SHARE_BESIDE_CHUNKS = 1, 4
"""What they may take where decoded chunks take another, and what is read of them is copied once."""


def blocks_ahead_in_memory(plan: Plan, prefetch: int, block_bytes: tuple[int, ...]) -> int:
    """Return how many blocks are made ahead of the one that is wanted.

    Raises
    ------
    MemoryError
        If a single one is more than this process can have; nothing was allocated yet.
    """
    each, size = batches_per_block(plan, prefetch), samples_in(plan)
    upcoming = min(blocks_ahead(plan, prefetch), MOST_AHEAD)
    count = _elements(plan, size)
    if count is not None:
        # The first ones are smaller: 1, 2, 4 and so on, up to `each`.
        upcoming = min(upcoming, -(-count // each) + each.bit_length())
    block = sum(block_bytes) + size * each * INDEX_BYTES
    if block * (upcoming + 1) <= SMALL_BYTES:
        return upcoming
    memory = available_memory()
    if memory is None:
        return upcoming
    if block > memory:
        raise MemoryError(_refusal(plan, size, each, block, memory))
    lazy = next(lazy_arrays_of(plan), None)
    part, whole = SHARE if lazy is None else SHARE_BESIDE_CHUNKS
    return min(upcoming, max(memory * part // whole // block - 1, 0))


def _elements(plan: Plan, size: int) -> int | None:
    """Return how many elements, of `size` samples each, an epoch has; None where it never ends."""
    if plan.batch_size is not None:
        return plan.length
    samples = plan.samples.length
    return None if samples is None else -(-samples // size)


def _refusal(plan: Plan, size: int, each: int, block: int, memory: int) -> str:
    largest = max(plan.components, key=lambda component: component.sample_bytes)
    count = "one sample" if size * each == 1 else f"{size * each:,} samples"
    what = count if plan.batch_size is None or each > 1 else f"a batch of {count}"
    return (
        f"{what} would take {block:,} bytes, but this process can have only {memory:,}; most of it "
        f"is component {largest.name}, {largest.spec.dtype.name} {largest.spec.result_shape} each. "
        "Make smaller batches, or crop, window or cast the samples to make them smaller"
    )
