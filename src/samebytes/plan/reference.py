"""The oracle: the same elements by plain, slow NumPy, one transform after the other."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.files.hold import held
from samebytes.plan.plan import Component, Plan, draw_units
from samebytes.plan.plan_arrays import arrays_of, plan_over
from samebytes.plan.resampled_once import resample_once
from samebytes.plan.transforms.cast import Cast, cast_values
from samebytes.plan.transforms.mixing import Mixing
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
    rows_of = plan.rows(epochs, indices)
    with held(*arrays_of(plan)) as arrays:
        batch = plan.structure.rebuild(
            [
                _component(plan, component, leaf, rows_of(component), epochs, indices)
                for leaf, component in enumerate(plan_over(plan, arrays).components)
            ]
        )
    for later in plan.later:
        batch = apply_unfused(later, batch, epochs, indices)
    return batch


def _component(
    plan: Plan, component: Component, leaf: int, rows: Rows, epochs: Indices, indices: Indices
) -> npt.NDArray[Any]:
    """Return one component of a batch: each sample alone, in float64 where it is calculated."""
    spec = component.spec
    out = np.empty((len(indices), *spec.result_shape), spec.dtype)
    for row in range(len(indices)):
        sample = _sample(plan, component, leaf, int(epochs[row]), int(indices[row]), rows, row)
        out[row] = cast_values(sample, spec.dtype)
    return out


def _sample(
    plan: Plan, component: Component, leaf: int, epoch: int, index: int, rows: Rows, row: int
) -> npt.NDArray[Any]:
    """Return one sample after all steps, of the one that lies in a row of `rows`."""
    sample = _read(component, rows, row)
    epochs, indices = np.full(1, epoch, np.int64), np.full(1, index, np.int64)
    steps = component.steps
    drawn = [draw_units(step, epochs, indices) for step in steps]
    resampling = [place for place, step in enumerate(steps) if step.transform.resamples]
    first, last = (resampling[0], resampling[-1]) if resampling else (0, 0)
    for place, (step, units) in enumerate(zip(steps, drawn, strict=True)):
        if first < last and first <= place <= last:
            if place == first:
                chosen = slice(first, last + 1)
                once = partial(resample_once, steps[chosen], leaf, drawn[chosen])
                sample = each_frame(once, sample)
            continue
        if isinstance(step.transform, Cast):
            continue  # a dtype is chosen; the values stay exact until the pass writes them
        if isinstance(step.transform, Mixing) and step.partners is not None:
            partners = step.partners
            theirs = partners.of(epochs, units[0][:1])
            before = replace(component, steps=steps[:place])
            number = int(theirs[0][0]), int(theirs[1][0])
            other = _sample(plan, before, leaf, *number, plan.rows(*theirs)(component), 0)
            size = partners.height, partners.width
            if leaf in step.planar:
                sample, other = np.moveaxis(sample, 0, -1), np.moveaxis(other, 0, -1)
            sample = step.transform.mix(sample, other, units[0], size)
            sample = np.moveaxis(sample, -1, 0) if leaf in step.planar else sample
            continue
        sample = apply_to_sample(step, leaf, sample, units[0])
    return sample


def _read(component: Component, rows: Rows, row: int) -> npt.NDArray[Any]:
    """Return a sample of the source, in float64 where it is calculated."""
    valid = None if rows.valid is None else rows.valid[row]
    start = int(rows.starts[row])
    sample = component.stencil.read(component.array, start, valid, component.padding)
    return sample.astype(np.float64) if component.spec.linear else sample
