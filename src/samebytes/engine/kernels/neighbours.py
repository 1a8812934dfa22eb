"""Lines that depend on the lines above and below them: a ring of rows before each such stage.

A sample's rows are made in order. In front of each stage that mixes neighbours there is a ring that
holds the rows around the one it is at, as they come out of the stages before; what is asked for
last is made from the last ring, and each ring is filled from the one before, only as far as needed.
So every row is loaded once, but for those that two blocks of rows share.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202 - what Numba compiles is typed by Numba

from __future__ import annotations

from samebytes.engine.kernels.intrinsics import line_at, load, store
from samebytes.engine.kernels.jit import compiled
from samebytes.plan.stages import BLUR, MOST_LEVELS

__all__ = ["begin_rows", "blur_row", "find_levels", "ring_row", "rows_wanted"]


@compiled()
def find_levels(program, at, state):
    """Note where the stages of a sample that mix neighbours are; return how many there are.

    `state` has three rows: where they are, how far they reach, and the next row of each ring.
    """
    kinds, _, _, numbers, _, count, size = program
    levels = 0
    for stage in range(count):
        if kinds[at + stage] == BLUR:
            state[levels] = stage
            state[MOST_LEVELS + levels] = int(numbers[(at + stage) * size])
            levels += 1
    return levels


@compiled()
def begin_rows(state, levels, top):
    """Begin all rings with what row `top` needs."""
    first = top
    for behind in range(levels):
        level = levels - 1 - behind
        first = max(first - state[MOST_LEVELS + level], 0)
        state[2 * MOST_LEVELS + level] = first


@compiled()
def rows_wanted(state, levels, level, y, height):
    """Return the last row that a ring has to hold for row `y` of what is written."""
    last = y
    for behind in range(levels - level):
        last = min(last + state[MOST_LEVELS + levels - 1 - behind], height - 1)
    return last


@compiled()
def ring_row(rings, level, row, room, count):
    """Return the place in a ring of `room` rows where a row of so many items lies."""
    place = (level * room + row % room) * count
    return line_at(rings.ctypes.data + place * rings.itemsize, count, rings)


@compiled()
def _reflected(place, size):
    place = abs(place)
    return place if place < size else max(2 * (size - 1) - place, 0)


@compiled()
def blur_row(  # noqa: C901 - one loop for each kind of neighbour
    rings, level, y, room, height, channels, numbers, at, work, line
):
    """Fill a line with row `y` of a ring and its neighbours, weighed and blended with itself.

    Numbers: reach, share of the row itself, share of what is blurred, whether the border stays as
    it is, and the weights from the middle on. Beyond the border the image is reflected.
    """
    count = line.shape[0]
    reach = int(numbers[at])
    kept, blended, still = numbers[at + 1], numbers[at + 2], numbers[at + 3] > 0
    here = ring_row(rings, level, y, room, count)
    if still and (y < reach or y >= height - reach):
        for k in range(count):
            store(line, k, load(here, k))
        return
    weight = numbers[at + 4]
    for k in range(count):
        store(work, k, load(here, k) * weight)
    for apart in range(1, reach + 1):
        above = ring_row(rings, level, _reflected(y - apart, height), room, count)
        below = ring_row(rings, level, _reflected(y + apart, height), room, count)
        weight = numbers[at + 4 + apart]
        for k in range(count):
            store(work, k, load(work, k) + (load(above, k) + load(below, k)) * weight)
    side, width = reach * channels, count // channels
    weight = numbers[at + 4]
    for k in range(count):
        store(line, k, load(work, k) * weight)
    for apart in range(1, reach + 1):
        weight, shift = numbers[at + 4 + apart], apart * channels
        for k in range(side, count - side):
            store(line, k, load(line, k) + (load(work, k - shift) + load(work, k + shift)) * weight)
        for x in range(width):
            if side <= x * channels < count - side:
                continue
            left, right = _reflected(x - apart, width), _reflected(x + apart, width)
            for c in range(channels):
                both = load(work, left * channels + c) + load(work, right * channels + c)
                k = x * channels + c
                store(line, k, load(line, k) + both * weight)
    for k in range(count):
        store(line, k, load(here, k) * kept + load(line, k) * blended)
    if still:
        for k in range(min(side, count)):
            store(line, k, load(here, k))
            store(line, count - 1 - k, load(here, count - 1 - k))
