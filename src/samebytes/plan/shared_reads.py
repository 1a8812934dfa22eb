"""Components that show the same rows, some rows further on: read once and written side by side.

Tokens and the tokens that follow them are such a pair: what one sample of x reads, its y reads too,
but for one token.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from samebytes.plan.documents import DocumentFeature
from samebytes.plan.plan import Component, Plan
from samebytes.plan.sources import arrays_in
from samebytes.plan.windows import Stencil

__all__ = ["Group", "groups_of", "read_bytes", "source_bytes"]


class Group(NamedTuple):
    """Leaves that are read together: one, or two.

    Attributes
    ----------
    leaves : tuple of int
        Which ones; of two the one whose rows come first is first.
    component : Component
        The one; or both, with an axis of two in front.
    """

    leaves: tuple[int, ...]
    component: Component


def groups_of(plan: Plan) -> tuple[Group, ...]:
    """Return all leaves of a plan: those that make a pair together, each of the others alone."""
    groups: list[Group] = []
    for leaf, component in enumerate(plan.components):
        alone = Group((leaf,), component)
        for place, other in enumerate(groups):
            pair = None if plan.padded else _pair(other, alone) or _pair(alone, other)
            if pair is not None:
                groups[place] = pair
                break
        else:
            groups.append(alone)
    return tuple(groups)


def read_bytes(plan: Plan) -> int:
    """Return the bytes that the pass reads for a sample; what a pair shares it reads once."""
    found = 0
    for leaves, component in groups_of(plan):
        if len(leaves) == 1:
            found += component.read_bytes
        else:
            found += len(np.unique(component.stencil.rows())) * component.array.dtype.itemsize
    return found


def source_bytes(plan: Plan) -> int:
    """Return the bytes of all arrays, those that several components read counted once."""
    total = 0
    counted: list[npt.NDArray[Any]] = []
    for component in plan.components:
        arrays = arrays_in(component.array)
        if arrays and not any(np.may_share_memory(arrays[0], other) for other in counted):
            counted.append(arrays[0])
            total += sum(array.nbytes for array in arrays)
    return total


def _pair(one_group: Group, other_group: Group) -> Group | None:
    """Return both as one, the first before the second; None where they are no such pair.

    Only what is a single line of items each, and is moved or converted without factors.
    """
    first, second = one_group.component, other_group.component
    one, other, spec = first.stencil, second.stencil, first.spec
    if len(one_group.leaves) + len(other_group.leaves) > 2:
        return None
    if first.array is not second.array or isinstance(first.array, DocumentFeature):
        return None
    if first.order is not second.order:
        return None
    moved_on = other.offset - one.offset
    if first.array.ndim != 1 or len(one.axes) != 1 or other != one._replace(offset=other.offset):
        return None
    ((count, apart),) = one.axes
    # Items that follow each other without a gap, or are all one, would be walked as a single line.
    still = any(array.strides[0] == 0 for array in arrays_in(first.array))
    if count < 2 or still or moved_on <= 0 or moved_on == count * apart:
        return None
    if spec != second.spec or spec.linear:
        return None
    stencil = Stencil(one.offset, ((2, moved_on), *one.axes))
    both = replace(spec, shape=(2, *spec.shape), lead=spec.lead + 1)
    leaves = one_group.leaves + other_group.leaves
    return Group(leaves, replace(first, stencil=stencil, spec=both))
