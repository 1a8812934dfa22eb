"""Shapes and dtypes of what comes out, without running the pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.plan import Plan
from samebytes.plan.reference import reference
from samebytes.plan.tree import Nested, flatten
from samebytes.plan.unfused import apply_unfused
from samebytes.plan.weights import with_weights

__all__ = ["ArraySpec", "element_spec"]


@dataclass(frozen=True)
class ArraySpec:
    """Shape and dtype of one component of an element; None is a length that varies."""

    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]


def _axis(plan: Plan) -> tuple[int | None, ...]:
    """Return the batch axis: empty for single samples, None where the last batch is smaller."""
    if plan.batch_size is None:
        return ()
    count = plan.samples.length
    even = plan.drop_remainder or count is None or count % plan.batch_size == 0
    return (plan.batch_size if even else None,)


def _first(plan: Plan) -> Nested[npt.NDArray[Any]]:
    """Return the first sample as a batch of one; a blank one where there are no samples."""
    first = np.zeros(1, np.int64)
    if plan.count:
        return reference(plan, first, 0)
    batch: Nested[npt.NDArray[Any]] = plan.structure.rebuild(
        [np.zeros((1, *c.spec.result_shape), c.spec.dtype) for c in plan.components]
    )
    for later in plan.later:
        batch = apply_unfused(later, batch, first, first)
    return batch


def element_spec(plan: Plan) -> Nested[ArraySpec]:
    """Return `ArraySpec` for each component, nested as the elements are.

    Where functions run after the pass only they know what they give: the first sample is then
    made once, by the plain path.
    """
    axis = _axis(plan)
    if plan.later:
        leaves, structure = flatten(_first(plan))
        rows = [(np.shape(leaf)[1:], np.asarray(leaf).dtype) for leaf in leaves]
    else:
        structure = plan.structure
        rows = [(c.spec.result_shape, c.spec.dtype) for c in plan.components]
    spec = structure.rebuild([ArraySpec((*axis, *shape), dtype) for shape, dtype in rows])
    if not plan.weighted:
        return spec
    weighted: Nested[ArraySpec] = with_weights(spec, ArraySpec(axis, np.dtype(np.float32)))
    return weighted
