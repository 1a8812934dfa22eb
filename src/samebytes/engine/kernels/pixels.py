"""One line of pixels in the cache, and what a sample's stages make of it, in place.

A line is a row of pixels with their channels last, in floats, owned by a thread. What fills it
(today a load of source items, for other maps a resampling of rows) and what writes it knows nothing
of stages, and stages know nothing of either. Which stages there are, and their numbers, are data:
one compiled version does every chain, and samples of one batch may differ in theirs.

Each product and each sum is rounded apart, in the dtype of the line. NaN stays NaN.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202 - what Numba compiles is typed by Numba

from __future__ import annotations

from numba.extending import register_jitable

from samebytes.engine.kernels.intrinsics import load, store
from samebytes.engine.kernels.jit import compiled
from samebytes.plan.stages import MATRIX, SCALE

__all__ = ["run_stages"]


@register_jitable
def _clipped(value, low, high):
    raised = max(value, low)
    return min(raised, high)


@register_jitable
def _scaled(line, k, center, scale, offset, low, high):
    store(line, k, _clipped((load(line, k) - center) * scale + offset, low, high))


@compiled()
def _scale(line, channels, numbers, at):
    """Do ``clip((x - center) * scale + offset, low, high)``, with numbers of each channel."""
    count = line.shape[0]
    one, two, three, four = at + channels, at + 2 * channels, at + 3 * channels, at + 4 * channels
    if channels == 3:
        # Written out, so that a vector holds pixels and not channels.
        a0, a1, a2, a3, a4 = numbers[at], numbers[one], numbers[two], numbers[three], numbers[four]
        b0, b1, b2 = numbers[at + 1], numbers[one + 1], numbers[two + 1]
        b3, b4 = numbers[three + 1], numbers[four + 1]
        c0, c1, c2 = numbers[at + 2], numbers[one + 2], numbers[two + 2]
        c3, c4 = numbers[three + 2], numbers[four + 2]
        for x in range(count // 3):
            _scaled(line, 3 * x, a0, a1, a2, a3, a4)
            _scaled(line, 3 * x + 1, b0, b1, b2, b3, b4)
            _scaled(line, 3 * x + 2, c0, c1, c2, c3, c4)
        return
    for c in range(channels):
        center, scale, offset = numbers[at + c], numbers[one + c], numbers[two + c]
        low, high = numbers[three + c], numbers[four + c]
        for x in range(count // channels):
            _scaled(line, channels * x + c, center, scale, offset, low, high)


@compiled()
def _mix(line, numbers, at):
    """Multiply each pixel of three channels by a matrix, add, and clip."""
    c0, c1, c2 = numbers[at], numbers[at + 1], numbers[at + 2]
    m00, m01, m02 = numbers[at + 3], numbers[at + 4], numbers[at + 5]
    m10, m11, m12 = numbers[at + 6], numbers[at + 7], numbers[at + 8]
    m20, m21, m22 = numbers[at + 9], numbers[at + 10], numbers[at + 11]
    o0, o1, o2 = numbers[at + 12], numbers[at + 13], numbers[at + 14]
    l0, l1, l2 = numbers[at + 15], numbers[at + 16], numbers[at + 17]
    h0, h1, h2 = numbers[at + 18], numbers[at + 19], numbers[at + 20]
    for x in range(line.shape[0] // 3):
        r = load(line, 3 * x) - c0
        g = load(line, 3 * x + 1) - c1
        b = load(line, 3 * x + 2) - c2
        store(line, 3 * x, _clipped(m00 * r + m01 * g + m02 * b + o0, l0, h0))
        store(line, 3 * x + 1, _clipped(m10 * r + m11 * g + m12 * b + o1, l1, h1))
        store(line, 3 * x + 2, _clipped(m20 * r + m21 * g + m22 * b + o2, l2, h2))


@compiled()
def run_stages(line, channels, kinds, numbers, at, count, size):
    """Change a line as the stages of a sample say.

    `kinds` and `numbers` are those of all samples, one behind the other: a sample has `count`
    stages, of `size` numbers each, from stage `at` on.
    """
    for stage in range(at, at + count):
        kind = kinds[stage]
        if kind == SCALE:
            _scale(line, channels, numbers, stage * size)
        elif kind == MATRIX:
            _mix(line, numbers, stage * size)
