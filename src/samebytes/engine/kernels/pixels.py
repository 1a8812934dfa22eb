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
from samebytes.engine.kernels.rng import philox
from samebytes.plan import noise
from samebytes.plan.rng import HALF, LOW
from samebytes.plan.stages import (
    ERASE,
    ERASE_BY_NOISE,
    LEVELS,
    MATRIX,
    NOISE,
    POWER,
    SCALE,
    SOLARIZE,
)

__all__ = ["look_up_line", "run_stages"]

_PER_BLOCK = noise.PER_BLOCK
_STREAM = noise.NOISE_STREAM
_SHARE = np.uint64(noise.QUANTILES - 1)
_SIDE = np.uint64(1 << 15)
_HALF_WORD = np.uint64(0xFFFF)
_SIXTEEN = np.uint64(16)


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


@register_jitable
def _noise_at(table, place, half):
    value = load(table, place + np.int64(half & _SHARE))
    return -value if half >= _SIDE else value


@register_jitable
def _change(line, k, value, erases, deviation, low, high):
    if erases:
        store(line, k, _clipped(value * high, low, high))
    else:
        store(line, k, load(line, k) + deviation * value)


@compiled()
def _add_noise(line, channels, frame, key, table, place, erases, numbers, at):
    """Add noise to the pixels of a line, or put it in their place; as `plan.noise` has it.

    `frame` has the row in the image that noise was drawn for, the columns of the first and of the
    last pixel there, and which pixels are meant.
    """
    row, first, step, left, right = frame
    deviation = low = high = numbers[at]
    if erases:
        low, high = numbers[at + 4], numbers[at + 5]
    begin, end = first + left * step, first + (right - 1) * step
    begin, end = min(begin, end) * channels, (max(begin, end) + 1) * channels
    for block in range(begin // _PER_BLOCK, (end - 1) // _PER_BLOCK + 1):
        words = philox(
            np.uint64(block),
            np.uint64(row),
            np.uint64(0),
            _STREAM,
            np.uint64(key) & LOW,
            np.uint64(key) >> HALF,
        )
        item = block * _PER_BLOCK
        for word in words:
            for half in (word & _HALF_WORD, word >> _SIXTEEN):
                if begin <= item < end:
                    k = item - first * channels
                    if step < 0:
                        column = item // channels
                        k = (first - column) * channels + item - column * channels
                    value = _noise_at(table, place, half)
                    _change(line, k, value, erases, deviation, low, high)
                item += 1


@compiled()
def _erase(line, channels, numbers, at, left, right):
    for x in range(left, right):
        for c in range(channels):
            store(line, channels * x + c, numbers[at + 4 + c])


@compiled()
def _do_by_place(line, channels, kind, numbers, at, places, stage, table, frames, y):
    """Do what depends on where in the image a line lies: line `y` of what is written."""
    first = 4 * stage
    row = frames[first] + frames[first + 1] * y
    column, step = frames[first + 2], frames[first + 3]
    width = line.shape[0] // channels
    left, right = 0, width
    if kind != NOISE:
        if not numbers[at] <= row < numbers[at + 1]:
            return
        left, right = np.int64(numbers[at + 2]), np.int64(numbers[at + 3])
        if step > 0:
            left, right = left - column, right - column
        else:
            left, right = column - right + 1, column - left + 1
        left, right = max(left, 0), min(right, width)
    if left >= right:
        return
    if kind == ERASE:
        _erase(line, channels, numbers, at, left, right)
        return
    frame = row, column, step, left, right
    place, key = places[2 * stage], places[2 * stage + 1]
    _add_noise(line, channels, frame, key, table, place, kind == ERASE_BY_NOISE, numbers, at)


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
def run_stages(line, channels, program, at, begin, end, y):
    """Change line `y` of a sample by its stages `begin` to `end`; the first of them is stage `at`.

    Of a program there are: kinds, places of tables, frames and numbers of each of all stages, the
    tables, and how many stages a sample has, of how many numbers. See `Program`.
    """
    kinds, places, frames, numbers, table, _, size = program
    for stage in range(at + begin, at + end):
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
        elif ERASE <= kind <= NOISE:
            _do_by_place(line, channels, kind, numbers, first, places, stage, table, frames, y)
