"""What an order means to sources that are stored in chunks: how often each is decoded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from samebytes.memory.lazy import LazyArray
from samebytes.memory.text import as_bytes_text
from samebytes.plan.concat import ConcatArray
from samebytes.plan.plan import Plan
from samebytes.plan.samplers import Shard, Shuffle, Skip

__all__ = ["better_block_size", "chunk_rows", "first_shuffle", "lazy_arrays_of"]


def lazy_arrays_of(plan: Plan) -> Iterator[LazyArray]:
    """Yield the lazy arrays that the components of a plan are read from."""
    for component in plan.components:
        source = component.array
        arrays = source.arrays if isinstance(source, ConcatArray) else (source,)
        yield from (array for array in arrays if isinstance(array, LazyArray))


def better_block_size(plan: Plan) -> int | None:
    """Return with which ``shuffle(block_size=)`` each chunk would be decoded once a window.

    None where nothing is stored in chunks, or the order reads each chunk once already.
    """
    samples = _samples_in_chunk(plan)
    shuffle, _ = first_shuffle(plan)
    if samples is None or shuffle is None:
        return None
    size = None if shuffle.blocks is None else shuffle.blocks.size
    if size is None:
        return samples
    return None if size % samples == 0 else -(-size // samples) * samples


def chunk_rows(plan: Plan) -> list[tuple[str, str]]:
    """Return as a name and a fact what the order means to chunks; nothing where there are none."""
    array = _largest(plan)
    if array is None or array.chunks is None:
        return []
    what, better = f"of {array.chunks[0]:,} rows", better_block_size(plan)
    shuffle, before = first_shuffle(plan)
    # Windows reach into the next chunk, and what begins elsewhere cuts some.
    exact = plan.windows is None and not any(isinstance(verb, Skip) for verb in before)
    once = "once" if exact else "about once"
    if _samples_in_chunk(plan) is None:
        told = "which lie apart, since windows are drawn"
    elif shuffle is None:
        told = f"each decoded {once}"
    elif better is None:
        told = f"each decoded {once} a window"
    elif shuffle.blocks is not None:
        told = f"cut by blocks; block_size={better} decodes each {once} a window"
    else:
        told = (
            f"each decoded once only if memory holds all {as_bytes_text(array.nbytes)} of them; "
            f"shuffle(block_size={better}) decodes each {once} a window"
        )
    return [("chunks", f"{what}, {told}")]


def _largest(plan: Plan) -> LazyArray | None:
    """Return the largest array of several chunks along its first axis."""
    chunked = [array for array in lazy_arrays_of(plan) if _is_cut(array)]
    return max(chunked, key=lambda array: array.nbytes, default=None)


def _is_cut(array: LazyArray) -> bool:
    return array.chunks is not None and array.chunks[0] < len(array)


def _samples_in_chunk(plan: Plan) -> int | None:
    """Return how many neighbouring samples begin in a chunk, None where there are no neighbours."""
    array = _largest(plan)
    if array is None or array.chunks is None:
        return None
    windows = plan.windows
    if windows is not None and windows.start_seed is not None:
        return None
    _, before = first_shuffle(plan)
    apart = math.prod(verb.count for verb in before if isinstance(verb, Shard))
    return max(array.chunks[0] // (apart * (1 if windows is None else windows.stride)), 1)


def first_shuffle(plan: Plan) -> tuple[Any, list[Any]]:
    """Return the shuffle that stands next to the source, if there is one, and what comes before."""
    verbs: list[Any] = []
    order: Any = plan.samples
    while hasattr(order, "parent"):
        verbs.insert(0, order)
        order = order.parent
    if hasattr(order, "parents") or any(one.order is not None for one in plan.components):
        return None, verbs  # neighbours in an order are none in the source
    place = next((n for n, verb in enumerate(verbs) if isinstance(verb, Shuffle)), None)
    return (None, verbs) if place is None else (verbs[place], verbs[:place])
