"""What a plan reads, and the same plan over other arrays that hold the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy.typing as npt

from samebytes.memory.lazy import LazyArray
from samebytes.plan.concat import ConcatArray
from samebytes.plan.documents import DocumentFeature
from samebytes.plan.plan import Plan
from samebytes.plan.sources import SourceArray, arrays_in

__all__ = ["arrays_of", "plan_over"]

Array = npt.NDArray[Any]


def arrays_of(plan: Plan) -> tuple[Array, ...]:
    """Return every array that the components of a plan are read from; never copies."""
    return tuple(array for component in plan.components for array in arrays_in(component.array))


def plan_over(plan: Plan, arrays: Sequence[Array]) -> Plan:
    """Return the plan that reads other arrays, in the order of `arrays_of`; never copies."""
    remaining = iter(arrays)
    # Components on one array stay on one, which is how those that are read together are known.
    made: dict[int, SourceArray] = {}
    components = []
    for component in plan.components:
        found = _remade(component.array, remaining)
        array = made.setdefault(id(component.array), found)
        components.append(replace(component, array=array))
    return replace(plan, components=tuple(components))


def _remade(source: SourceArray, remaining: Iterator[Array]) -> SourceArray:
    parts = tuple(next(remaining) for _ in arrays_in(source))
    if isinstance(source, DocumentFeature):
        return source
    if not isinstance(source, ConcatArray):
        return _kept(source, parts[0])
    return ConcatArray(tuple(map(_kept, source.arrays, parts)))


def _kept(source: Array | LazyArray, other: Array) -> Array | LazyArray:
    """Return what stands for a source: a lazy array itself, since its values lie nowhere else."""
    return source if isinstance(source, LazyArray) else other
