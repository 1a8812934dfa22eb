"""What a shuffle in blocks means: to a disk in reads, to a batch in blocks it is made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from samebytes.memory.text import as_bytes_text
from samebytes.plan.plan import Plan
from samebytes.plan.prefetch import samples_in
from samebytes.plan.samplers import Shard, Shuffle
from samebytes.plan.shared_reads import source_bytes

__all__ = ["expected_blocks", "mixing_rows"]

MOST_FACTORS = 1 << 16
"""Of more factors, so many evenly among them stand for all."""


def expected_blocks(batch: int, size: int, window: int) -> float:
    """Return of how many blocks the samples of a batch are, on average, within one window.

    The positions of a batch hold any samples of their window, each as likely as any other. Of its
    ``n = size * window`` samples none is of a given block with the probability
    ``C(n - size, batch) / C(n, batch)``; so ``window * (1 - that)`` blocks are met.

    Parameters
    ----------
    batch : int
        Samples, at most those of a window.
    size, window : int
        Samples in a block, and blocks.

    Examples
    --------
    >>> [round(expected_blocks(batch, size=64, window=64), 1) for batch in (1, 32, 256)]
    [1.0, 25.4, 63.0]
    """
    total = size * window
    if batch > total - size:
        return float(window)
    # Counted either way it comes to the same; the smaller number is that of the factors.
    few, many = sorted((batch, size))
    places = np.linspace(0, few - 1, min(few, MOST_FACTORS))
    missed = np.log1p(-many / (total - places)).mean() * few
    return float(window * -np.expm1(missed))


def mixing_rows(plan: Plan) -> list[tuple[str, str]]:
    """Return as names and facts what a shuffle in blocks means; nothing where there is none.

    Of several, what the one does that stands next to the source.
    """
    verbs: list[Any] = []
    order = plan.samples
    while hasattr(order, "parent"):
        verbs.insert(0, order)
        order = order.parent
    if hasattr(order, "parents") or any(one.order is not None for one in plan.components):
        return []  # neighbours in an order are none in the source
    for place, verb in enumerate(verbs):
        if isinstance(verb, Shuffle) and verb.blocks is not None and verb.length:
            rows = [("reads", _reads(plan, verb, verbs[:place]))]
            if plan.batch_size is not None:
                rows.append(("mixed", _mixed(plan, verb, verbs[place + 1 :])))
            return rows
    return []


def _reads(plan: Plan, shuffle: Any, before: list[Any]) -> str:
    size, window, count = _sizes(shuffle)
    what = f"{count:,} blocks of {size:,}"
    windows = plan.windows
    if any(isinstance(verb, Shuffle) for verb in before):
        return f"{what} that lie apart, since they were shuffled before: nothing is gained"
    if windows is not None and windows.start_seed is not None:
        return f"{what} that lie apart, since they are drawn: nothing is gained"
    apart = math.prod(verb.count for verb in before if isinstance(verb, Shard))
    rows = ((size - 1) * apart + 1) if windows is None else _rows_of(windows, size, apart)
    nbytes = rows * source_bytes(plan) / max(len(plan.components[0].array), 1)
    block, all_blocks = as_bytes_text(nbytes), as_bytes_text(nbytes * window)
    return (
        f"{what} side by side, {block} each; read once if memory holds the {all_blocks} of "
        f"{window:,} of them"
    )


def _rows_of(windows: Any, size: int, apart: int) -> int:
    """Return over how many rows a block of windows reaches."""
    reach = ((size - 1) * apart) * windows.stride + windows.span
    return int(min(reach, windows.borders[-1] - windows.borders[0]))


def _mixed(plan: Plan, shuffle: Any, behind: list[Any]) -> str:
    size, window, count = _sizes(shuffle)
    batch = samples_in(plan)
    if any(isinstance(verb, Shuffle) for verb in behind):
        window = count  # what is shuffled once more comes from everywhere
    # A shard takes so many of each window only, and its batches reach over more of them.
    share = math.prod(verb.count for verb in behind if isinstance(verb, Shard))
    each = max(1, size * window // share)
    whole, rest = divmod(batch, each)
    blocks = whole * expected_blocks(each, size, window)
    blocks += expected_blocks(rest, size, window) if rest else 0.0
    told = f"{min(blocks, count):,.1f}".removesuffix(".0")
    return f"a batch of {batch:,} is of about {told} block{'s' * (told != '1')}"


def _sizes(shuffle: Any) -> tuple[int, int, int]:
    """Return samples in a block, blocks in a window, and blocks, as far as there are so many."""
    length = shuffle.length
    size = min(shuffle.blocks.size, length)
    count = -(-length // size)
    return size, min(shuffle.blocks.window, count), count
