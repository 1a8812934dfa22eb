"""Whether a plan reads its files from begin to end, as a disk and the system's cache like best."""

from __future__ import annotations

import numpy as np

from samebytes.plan.concat import ConcatArray
from samebytes.plan.plan import Component, Plan
from samebytes.plan.samplers import Repeat, Sampler, Sequential, Skip, Take

__all__ = ["reads_in_order"]

MOST_GAPS = 2
"""Where more than one in so many bytes are of no use, they are not read beside the others."""


def reads_in_order(plan: Plan) -> bool:
    """Return whether the samples of a plan follow each other in its files, without large gaps."""
    if not _is_in_order(plan.samples) or not _is_in_order(plan.batches):
        return False
    stride = 1
    if plan.windows is not None:
        drawn = plan.windows.start_seed, plan.windows.phase_seed
        if any(seed is not None for seed in drawn) or plan.windows.stride > plan.windows.span:
            return False
        stride = plan.windows.stride
    return all(_is_dense(component, stride) for component in plan.components)


def _is_in_order(order: Sampler | None) -> bool:
    while isinstance(order, Take | Skip | Repeat):
        order = order.parent
    return order is None or isinstance(order, Sequential)


def _is_dense(component: Component, stride: int) -> bool:
    source = component.array
    for part in source.arrays if isinstance(source, ConcatArray) else (source,):
        if not isinstance(part, np.ndarray) or not part.ndim or part.strides[0] < 0:
            return False
        if component.read_bytes * MOST_GAPS < part.strides[0] * stride:
            return False
    return True
