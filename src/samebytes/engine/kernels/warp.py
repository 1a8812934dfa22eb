"""The loops over a batch whose pixels are read where matrices say, compiled.

The formulas are those of `samebytes.plan.warping`, places in float64. As in `resample`, a row of
the output is a line of pixels, channels last: by bilinear of float32, as the values are in the
source, by nearest of the source's own items.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202 - what Numba compiles is typed by Numba

from __future__ import annotations

import numpy as np

from samebytes.engine.kernels.fill import unowned
from samebytes.engine.kernels.intrinsics import (
    LINE,
    fence,
    keep_apart,
    line_at,
    load,
    raw_at,
    store,
)
from samebytes.engine.kernels.items import read
from samebytes.engine.kernels.jit import compiled
from samebytes.engine.kernels.lines import swap_line
from samebytes.engine.kernels.resample import SINGLE, line_bytes
from samebytes.engine.kernels.storing import (
    lay_factors,
    layout_of,
    plane_items,
    store_line,
    unowned_factors,
)
from samebytes.plan.warping import CONSTANT, EDGE, FAR, REFLECT

__all__ = ["warp_bytes", "warp_chunk", "warp_nearest_chunk"]


@compiled()
def _inside(place, length, mode):
    """Return a place along an axis moved into the image; one to be filled stays."""
    if mode == CONSTANT:
        return place
    last = max(length - 1.0, 0.0)
    if mode != EDGE and length > 1.0:
        if mode == REFLECT:
            around = 2.0 * length
            if place < 0.0:
                place = around * np.trunc(-place / around) + place
                place = place + around if place < -length else -place - 1.0
            elif place > last:
                place = place - around * np.trunc(place / around)
                if place >= length:
                    place = around - place - 1.0
        elif place < 0.0:
            place = place + length * (np.trunc(-place / last) + 1.0)
        elif place > last:
            place = place - length * np.trunc(place / last)
    return min(max(place, 0.0), last)


@compiled()
def _locate_line(y, walk, j, matrices, sizes, modes, across, down, filled):
    """Fill x and y of each pixel of row `y` of sample `j`, and which stage fills it, or -1."""
    keep_apart()
    for x in range(across.shape[0]):
        across[x] = walk[j, 0] + walk[j, 1] * x
        down[x] = walk[j, 2] + walk[j, 3] * y
        filled[x] = -1
    for number in range(modes.shape[0] - 1, -1, -1):
        m = matrices[j, number]
        width, height, mode = sizes[j, number, 0], sizes[j, number, 1], modes[number]
        flat = m[6] == 0.0 and m[7] == 0.0
        for n in range(across.shape[0]):
            x, y_here = across[n], down[n]
            x_now = m[0] * x + m[1] * y_here + m[2]
            y_now = m[3] * x + m[4] * y_here + m[5]
            if not (flat and m[8] == 1.0):
                below = m[6] * x + m[7] * y_here + m[8]
                x_now = x_now / below if below != 0.0 else -FAR
                y_now = y_now / below if below != 0.0 else -FAR
            x_now, y_now = min(max(x_now, -FAR), FAR), min(max(y_now, -FAR), FAR)
            if mode == CONSTANT:
                if number > 0 and filled[n] < 0:
                    beside = x_now < -0.5 or x_now >= width - 0.5
                    if beside or y_now < -0.5 or y_now >= height - 0.5:
                        filled[n] = number
            else:
                x_now, y_now = _inside(x_now, width, mode), _inside(y_now, height, mode)
            across[n], down[n] = x_now, y_now


@compiled()
def _item(source, row, column, channel, like):
    """Return an item of a box as float32."""
    address, row_step, pixel_step, channel_step, swapped = source
    place = address + row * row_step + column * pixel_step + channel * channel_step
    item = line_at(place, 1, like)
    if swapped:
        spare = np.empty(1, like.dtype)
        raw = raw_at(spare.ctypes.data, 1, like)
        store(raw, 0, load(raw_at(place, 1, like), 0))
        swap_line(spare)
        return np.float32(read(spare, 0))
    return np.float32(read(item, 0))


@compiled()
def _tap(source, row, column, channel, like, size, filler):
    """Return an item as float32, or what fills it where there is none."""
    if 0 <= row < size[0] and 0 <= column < size[1]:
        return _item(source, row, column, channel, like)
    return filler[channel]


@compiled()
def _warp_line(line, across, down, filled, source, like, size, edge, fillers):
    """Fill a line of float32 with what lies at places, between four pixels each."""
    keep_apart()
    height, width, channels = size
    for n in range(across.shape[0]):
        if filled[n] >= 0:
            for c in range(channels):
                line[n * channels + c] = fillers[filled[n], c]
            continue
        top, left = np.floor(down[n]), np.floor(across[n])
        below, right = np.float32(down[n] - top), np.float32(across[n] - left)
        above, before = np.float32(1.0) - below, np.float32(1.0) - right
        row, column = np.int64(top), np.int64(left)
        rows, columns = row + 1, column + 1
        if edge:
            rows, columns = min(rows, height - 1), min(columns, width - 1)
        if row >= 0 and rows < height and column >= 0 and columns < width:
            for c in range(channels):
                upper = before * _item(source, row, column, c, like)
                upper += right * _item(source, row, columns, c, like)
                lower = before * _item(source, rows, column, c, like)
                lower += right * _item(source, rows, columns, c, like)
                line[n * channels + c] = above * upper + below * lower
            continue
        filler = fillers[0]
        for c in range(channels):
            upper = before * _tap(source, row, column, c, like, size, filler)
            upper += right * _tap(source, row, columns, c, like, size, filler)
            lower = before * _tap(source, rows, column, c, like, size, filler)
            lower += right * _tap(source, rows, columns, c, like, size, filler)
            line[n * channels + c] = above * upper + below * lower


@compiled(cache=True)
def warp_chunk(
    source_table,
    out_table,
    places,
    geometry,
    walk,
    matrices,
    sizes,
    modes,
    fillers,
    scale,
    offset,
    center,
    low,
    high,
    factor_step,
    like,
    rows,
    across,
    down,
    filled,
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
    """Fill units `start` to `stop` of a batch, as `resample_chunk` does, between four pixels each.

    Row j of `matrices` and `sizes` has those of the stages of sample j, the first one reading the
    box that begins at row j of `geometry`; `modes` and `fillers` are those of all samples.
    """
    base = source_table[0]
    step_y, step_x, step_c = source_table[6:9]
    out_base, _, out_height, out_width, channels = out_table[0:5]
    layout = layout_of(out_table, line_out.itemsize)
    singles, finished, laid = unowned(rows), unowned(line_out), unowned(tables)
    factors = unowned_factors(scale, offset, center, low, high)
    begin = rows.ctypes.data + (-rows.ctypes.data) % LINE
    line = line_at(begin, out_width * channels, singles)
    plane = begin + line_bytes(out_width * channels)
    kind = line_at(like.ctypes.data, 1, like)

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
        y0, y_step, x0, x_step = geometry[j]
        address = base + places[j] + y0 * step_y + x0 * step_x
        source = address, y_step * step_y, x_step * step_x, step_c, swapped
        size = np.int64(sizes[j, 0, 1]), np.int64(sizes[j, 0, 0]), channels
        edge = modes[0] != CONSTANT
        for y in range(top, bottom):
            _locate_line(y, walk, j, matrices, sizes, modes, across, down, filled)
            _warp_line(line, across, down, filled, source, kind, size, edge, fillers)
            store_line(
                begin, plane, singles, finished, laid, factors, layout, y, beginning, streaming
            )
    if streaming:
        fence()


@compiled()
def _pick_places(line, across, down, filled, source, size, fillers):
    """Fill a line of items with those nearest to places."""
    keep_apart()
    address, row_step, pixel_step, step_c, _ = source
    height, width, channels = size
    for n in range(across.shape[0]):
        stage, row, column = filled[n], np.int64(0), np.int64(0)
        if stage < 0:
            row = np.int64(np.floor(down[n] + 0.5))
            column = np.int64(np.floor(across[n] + 0.5))
            if not (0 <= row < height and 0 <= column < width):
                stage = 0
        if stage >= 0:
            for c in range(channels):
                store(line, n * channels + c, load(fillers, stage * channels + c))
        else:
            place = address + row * row_step + column * pixel_step
            for c in range(channels):
                store(line, n * channels + c, load(raw_at(place + c * step_c, 1, line), 0))


@compiled(cache=True)
def warp_nearest_chunk(
    source_table,
    out_table,
    places,
    geometry,
    walk,
    matrices,
    sizes,
    modes,
    fillers,
    scale,
    offset,
    center,
    low,
    high,
    factor_step,
    lines_in,
    across,
    down,
    filled,
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
    """Fill units `start` to `stop` of a batch, as `warp_chunk` does, by the nearest pixel."""
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
        y0, y_step, x0, x_step = geometry[j]
        address = base + places[j] + y0 * step_y + x0 * step_x
        source = address, y_step * step_y, x_step * step_x, step_c, swapped
        size = np.int64(sizes[j, 0, 1]), np.int64(sizes[j, 0, 0]), channels
        for y in range(top, bottom):
            _locate_line(y, walk, j, matrices, sizes, modes, across, down, filled)
            _pick_places(line, across, down, filled, source, size, fills)
            if swapped:
                swap_line(line_at(gathered.ctypes.data, count, gathered))
            store_line(
                line.ctypes.data,
                plane,
                gathered,
                finished,
                laid,
                factors,
                layout,
                y,
                beginning,
                streaming,
            )
    if streaming:
        fence()


@compiled()
def warp_bytes(width, channels):
    """Return the bytes of room for the lines of `warp_chunk`."""
    return line_bytes(width * channels) + line_bytes(plane_items(width)) + LINE + SINGLE
