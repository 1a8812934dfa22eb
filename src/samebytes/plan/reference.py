"""The oracle: the same elements by plain, slow NumPy, one transform after the other."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.files.hold import held
from samebytes.plan.plan import Component, Plan, draw_units
from samebytes.plan.plan_arrays import arrays_of, plan_over
from samebytes.plan.resampled_once import resample_once
from samebytes.plan.transforms.cast import Cast, cast_values
from samebytes.plan.tree import Nested
from samebytes.plan.unfused import apply_to_sample, apply_unfused, each_frame
from samebytes.plan.windows import Rows

__all__ = ["apply_unfused", "reference"]

Indices = npt.NDArray[np.int64]


def reference(plan: Plan, indices: Indices, epoch: int) -> Nested[npt.NDArray[Any]]:
    """Return a batch of the samples `indices` of `epoch`, as the plan makes them.

    Raises
    ------
    WrongSize
        If a mapped source has shrunk, or shrinks meanwhile.
    """
    epochs = np.full(len(indices), epoch, np.int64)
    rows = plan.rows(epochs, indices)
    with held(*arrays_of(plan)) as arrays:
        batch = plan.structure.rebuild(
            [
                _component(component, leaf, rows, epochs, indices)
                for leaf, component in enumerate(plan_over(plan, arrays).components)
            ]
        )
    for later in plan.later:
        batch = apply_unfused(later, batch, epochs, indices)
    return batch


def _component(
    component: Component, leaf: int, rows: Rows, epochs: Indices, indices: Indices
) -> npt.NDArray[Any]:
    """Return one component of a batch: each sample alone, in float64 where it is calculated."""
    spec = component.spec
    out = np.empty((len(indices), *spec.result_shape), spec.dtype)
    steps = component.steps
    resampling = [place for place, step in enumerate(steps) if step.transform.resamples]
    first, last = (resampling[0], resampling[-1]) if resampling else (0, 0)
    for row, start in enumerate(rows.starts):
        valid = None if rows.valid is None else rows.valid[row]
        sample = component.stencil.read(component.array, int(start), valid, component.padding)
        if spec.linear:
            sample = sample.astype(np.float64)
        drawn = [draw_units(step, epochs[row : row + 1], indices[row : row + 1]) for step in steps]
        for place, (step, units) in enumerate(zip(steps, drawn, strict=True)):
            if first < last and first <= place <= last:
                if place == first:
                    chosen = slice(first, last + 1)
                    once = partial(resample_once, steps[chosen], leaf, drawn[chosen])
                    sample = each_frame(once, sample)
                continue
            if isinstance(step.transform, Cast):
                continue  # a dtype is chosen; the values stay exact until the pass writes them
            sample = apply_to_sample(step, leaf, sample, units[0])
        out[row] = cast_values(sample, spec.dtype)
    return out
