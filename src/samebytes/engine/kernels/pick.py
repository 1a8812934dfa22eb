"""The loops over a batch whose pixels are each one pixel of the source, compiled.

As `fill_chunk`, where what is read does not lie one step apart: pixels that are repeated, left out,
or not there at all.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202 - what Numba compiles is typed by Numba

from __future__ import annotations

import numpy as np

from samebytes.engine.kernels.fill import unowned
from samebytes.engine.kernels.intrinsics import fence, keep_apart, line_at, load, raw_at, store
from samebytes.engine.kernels.jit import compiled
from samebytes.engine.kernels.lines import swap_line
from samebytes.engine.kernels.storing import (
    lay_factors,
    layout_of,
    store_line,
    unowned_factors,
)
from samebytes.plan.filters import BORDER

__all__ = ["pick_chunk"]


@compiled()
def _nearest(axis, i):
    """Return the item of a box in which the middle of output item `i` lies."""
    place = np.floor(axis[0] * (axis[2] + axis[3] * i + 0.5) + axis[1] + BORDER)
    return np.int64(min(max(place, 0.0), axis[4] - 1.0))


@compiled()
def _pick_line(line, columns, row, steps, inside, fills, filler):
    """Collect the pixels of some columns of a row; those of -1, or beside the image, are filled."""
    keep_apart()
    step_x, step_c, channels = steps
    for x in range(columns.shape[0]):
        column = columns[x]
        if inside and column >= 0:
            for c in range(channels):
                place = row + column * step_x + c * step_c
                store(line, x * channels + c, load(raw_at(place, 1, line), 0))
        else:
            for c in range(channels):
                store(line, x * channels + c, load(fills, filler + c))


@compiled(cache=True)
def pick_chunk(
    source_table,
    out_table,
    places,
    geometry,
    frames,
    maps,
    fillers,
    scale,
    offset,
    center,
    low,
    high,
    factor_step,
    lines_in,
    columns,
    line_out,
    tables,
    start,
    stop,
    ends,
    apart,
    blocks,
    swapped,
    streaming,
):
    """Fill units `start` to `stop` of a batch, as `resample_chunk` does, by the nearest pixel.

    `fillers` are items as they lie in the source. `lines_in` has room for a line and for a plane
    of it, `columns` for a number for each pixel of a line.
    """
    base = source_table[0]
    step_y, step_x, step_c = source_table[6:9]
    out_base, _, out_height, out_width, channels = out_table[0:5]
    layout = layout_of(out_table, line_out.itemsize)
    gathered, finished, laid = unowned(lines_in), unowned(line_out), unowned(tables)
    factors = unowned_factors(scale, offset, center, low, high)
    count = out_width * channels
    line = raw_at(gathered.ctypes.data, count, gathered)
    plane = gathered.ctypes.data + count * gathered.itemsize
    fills = raw_at(fillers.ctypes.data, fillers.size, gathered)
    shifts = unowned(columns)
    nothing = np.int64(-1)

    batch, before = 0, 0
    last = (stop - 1) // blocks
    for j in range(start // blocks, last + 1):
        top = max(start - j * blocks, 0) * out_height // blocks
        bottom = min(stop - j * blocks, blocks) * out_height // blocks
        while j >= ends[batch]:
            before = ends[batch]
            batch += 1
        beginning = out_base + batch * apart + (j - before) * out_table[5]
        if factor_step != 0 or j == start // blocks:
            lay_factors(factors, j * factor_step, layout, laid)
        filler = 0 if len(fillers) == 1 else j * channels
        y0, y_step, x0, x_step = geometry[j]
        for x in range(out_width):
            column = x0 + x_step * _nearest(maps[j, 5:10], x)
            shifts[x] = column if frames[j, 2] <= column < frames[j, 3] else nothing
        for y in range(top, bottom):
            row = y0 + y_step * _nearest(maps[j, 0:5], y)
            inside = frames[j, 0] <= row < frames[j, 1]
            address = base + places[j] + row * step_y
            _pick_line(line, shifts, address, (step_x, step_c, channels), inside, fills, filler)
            if swapped:
                swap_line(line_at(gathered.ctypes.data, count, gathered))
            store_line(
                line.ctypes.data, plane, gathered, finished, laid, factors, layout, y, beginning,
                streaming,
            )  # fmt: skip
    if streaming:
        fence()
