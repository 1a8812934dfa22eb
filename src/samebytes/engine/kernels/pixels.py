"""One line of pixels in the cache, and what a sample's stages make of it, in place.

A line is a row of pixels with their channels last, in floats, owned by a thread. What fills it
(today a load of source items, for other maps a resampling of rows) and what writes it knows nothing
of stages, and stages know nothing of either. Which stages there are, and their numbers, are data:
one compiled version does every chain, and samples of one batch may differ in theirs.

Each product and each sum is rounded apart, in the dtype of the line. NaN stays NaN.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, ARG001, ARG005 - what Numba compiles is typed by Numba

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from samebytes.engine.kernels.intrinsics import load, store
from samebytes.engine.kernels.jit import compiled
from samebytes.plan.stages import LEVELS, MATRIX, POWER, SCALE, SOLARIZE

__all__ = ["look_up_line", "run_stages"]


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
def _look_up_levels(line, channels, numbers, at, table, place, apart):
    """Replace each value by what a table has at its level; NaN counts as the lowest."""
    low, levels = numbers[at], numbers[at + 1]
    zero, most = low - low, low - low + 255
    for c in range(channels):
        begin = place + c * apart
        for x in range(line.shape[0] // channels):
            level = np.rint((load(line, channels * x + c) - low) * levels)
            level = min(level, most) if level > zero else zero
            store(line, channels * x + c, load(table, begin + np.int64(level)))


@compiled()
def _solarize(line, numbers, at):
    low, high, added, threshold = numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]
    for k in range(line.shape[0]):
        value = _clipped(load(line, k) + added, low, high)
        store(line, k, low + high - value if value >= threshold else value)


@compiled()
def _raise(line, numbers, at):
    low, high, exponent = numbers[at], numbers[at + 1], numbers[at + 2]
    width = high - low
    for k in range(line.shape[0]):
        share = (_clipped(load(line, k), low, high) - low) / width
        store(line, k, low + width * share**exponent)


def look_up_line(source, lowest, channels, table, place, apart, line):
    """Fill a line with what a table has for each value of the source (compiled only).

    The table of channel c begins at item ``place + c * apart``, with what `lowest` becomes.
    """


@overload(look_up_line)
def _look_up_line_overload(source, lowest, channels, table, place, apart, line):
    if not isinstance(source.dtype, types.Integer) or source.dtype.bitwidth > 16:
        # Never called: such values are not counted.
        return lambda source, lowest, channels, table, place, apart, line: None

    def look_up(source, lowest, channels, table, place, apart, line):
        if apart == 0:
            begin = place - lowest
            for k in range(line.shape[0]):
                store(line, k, load(table, begin + np.int64(load(source, k))))
            return
        for c in range(channels):
            begin = place - lowest + c * apart
            for x in range(line.shape[0] // channels):
                k = channels * x + c
                store(line, k, load(table, begin + np.int64(load(source, k))))

    return look_up


@compiled()
def run_stages(line, channels, program, at):
    """Change a line as the stages of a sample say, of which the first is stage `at`.

    Of a program there are: kinds, places of tables and numbers of each of all stages, the tables,
    and how many stages a sample has, of how many numbers. See `Program`.
    """
    kinds, places, numbers, table, count, size = program
    for stage in range(at, at + count):
        kind = kinds[stage]
        first = stage * size
        if kind == SCALE:
            _scale(line, channels, numbers, first)
        elif kind == MATRIX:
            _mix(line, numbers, first)
        elif kind == LEVELS:
            place, apart = places[2 * stage], places[2 * stage + 1]
            _look_up_levels(line, channels, numbers, first, table, place, apart)
        elif kind == SOLARIZE:
            _solarize(line, numbers, first)
        elif kind == POWER:
            _raise(line, numbers, first)
