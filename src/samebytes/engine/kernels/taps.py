"""Which items of a box each output item is a weighted sum of, and the weights: compiled.

The formulas are those of `samebytes.plan.filters`, in float64; only the weights are rounded to
float32. Every output item has the same number of taps, some with the weight 0, so that the loops
over them are predicted.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202 - what Numba compiles is typed by Numba

from __future__ import annotations

import numpy as np

from samebytes.engine.kernels.intrinsics import keep_apart
from samebytes.engine.kernels.jit import compiled

__all__ = ["BILINEAR", "find_taps", "most_taps"]

BILINEAR = 1
"""The filter that is a triangle; the other one, `BICUBIC`, is 2: half of its taps at scale 1."""


@compiled()
def most_taps(kind, antialias, scale, length):
    """Return how many taps an output item has at most."""
    wide = max(abs(scale), 1.0) if antialias else 1.0
    return min(np.int64(np.ceil(2.0 * kind * wide)), length)


@compiled()
def _weight(kind, steep, distance):
    """Return a filter's height at a distance from its middle."""
    x = abs(distance)
    if kind == BILINEAR:
        return max(1.0 - x, 0.0)
    if x < 1.0:
        return ((steep + 2.0) * x - (steep + 3.0)) * x * x + 1.0
    if x < 2.0:
        return (((x - 5.0) * x + 8.0) * x - 4.0) * steep
    return 0.0


@compiled()
def find_taps(kind, antialias, axis, count, mirrored, starts, weights):
    """Fill `starts`, and `taps` weights for each, and return `taps`.

    `axis` is (scale, shift, first, step, length): the middle of output item i lies in the box at
    ``scale * (first + step * i + 0.5) + shift``. `mirrored`: the box is counted from its other end.
    """
    keep_apart()
    scale, shift, first, step = axis[0], axis[1], axis[2], axis[3]
    length = np.int64(axis[4])
    taps = most_taps(kind, antialias, scale, length)
    wide = max(abs(scale), 1.0) if antialias else 1.0
    steep = -0.5 if antialias else -0.75
    for i in range(count):
        middle = scale * (first + step * i + 0.5) + shift
        # Without antialias what lies outside is the edge; with it, it does not count.
        if antialias:
            low = max(np.int64(np.floor(middle - kind * wide + 0.5)), 0)
            high = min(np.int64(np.floor(middle + kind * wide + 0.5)), length)
        else:
            low = np.int64(np.floor(middle - 0.5)) - kind + 1
            high = low + 2 * kind
        begin = min(max(low, 0), length - taps)
        place = i * taps
        for t in range(taps):
            weights[place + t] = 0.0
        total = 0.0
        for k in range(low, high):
            total += _weight(kind, steep, (k + 0.5 - middle) / wide)
        for k in range(low, high):
            share = _weight(kind, steep, (k + 0.5 - middle) / wide) / total
            t = min(max(k, 0), length - 1) - begin
            if mirrored:
                t = taps - 1 - t
            weights[place + t] += np.float32(share)
        starts[i] = length - taps - begin if mirrored else begin
    return taps
