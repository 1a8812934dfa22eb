"""The loops over a batch whose pixels are weighted sums of a box of the source, compiled.

    rows of the box --convert--> rows of float32 in a ring
        --weigh rows, then pixels--> a line of float32, as the values are in the source
        --convert--> output

A line is one row of pixels of the output with their channels last. `_fill_line` makes it and knows
only where pixels are read; `store_line` writes it and knows only how the output lies. What else
becomes of values belongs between the two.

Where a box is enlarged, its rows are made as wide as the output before they go into the ring
(`early`), else after the rows were weighed: so that the sums over pixels, which cost most, are few.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202 - what Numba compiles is typed by Numba

from __future__ import annotations

import numpy as np

from samebytes.engine.kernels.blending import BLOCK, PIXEL, blend_pixels, blend_rows
from samebytes.engine.kernels.fill import PREFETCH_BYTES, PREFETCH_ROWS, unowned
from samebytes.engine.kernels.intrinsics import LINE, fence, keep_apart, line_at, prefetch
from samebytes.engine.kernels.items import read
from samebytes.engine.kernels.jit import compiled
from samebytes.engine.kernels.lines import gather_line, swap_line
from samebytes.engine.kernels.storing import (
    lay_factors,
    layout_of,
    plane_items,
    store_line,
    unowned_factors,
)
from samebytes.engine.kernels.taps import find_taps, most_taps

__all__ = ["SINGLE", "line_bytes", "resample_chunk"]

SINGLE = 4
"""Bytes of a float32."""


@compiled()
def _blocks(items):
    return (items + BLOCK - 1) // BLOCK


@compiled()
def line_bytes(items):
    """Return the bytes of room for a line of float32: whole blocks, and what is written beyond."""
    return _blocks(items + PIXEL) * BLOCK * SINGLE


@compiled()
def _weigh_pixels(target, source, starts, weights, taps, pixels, channels):
    """Write the weighted sums of pixels: of some channels at a time, the last ones first.

    What the last ones write too many, the first ones of the next pixel then write again.
    """
    keep_apart()
    for g in range((channels - 1) // PIXEL, -1, -1):
        shift = g * PIXEL * SINGLE
        blend_pixels(target + shift, source + shift, starts, weights, taps, pixels, channels)


@compiled()
def _convert_row(k, box, gathered, filler, place, singles):
    """Write row `k` of the box, and what is beside the image, as float32 to an address."""
    keep_apart()
    address, row_step, pixel_step, step_c, channels, packed, swapped, window = box
    first_row, last_row, first, last, width = window
    inside = first_row <= k < last_row
    begin, end = (first, last) if inside else (0, 0)
    if inside:
        row = address + k * row_step + begin * pixel_step
        count = (end - begin) * channels
        if packed:
            for byte in range(0, min(count * gathered.itemsize, PREFETCH_BYTES), LINE):
                prefetch(row + PREFETCH_ROWS * row_step + byte)
            line = line_at(row, count, gathered)
        else:
            line = line_at(gathered.ctypes.data, count, gathered)
            spare = gathered.ctypes.data + count * gathered.itemsize
            gather_line(row, pixel_step, step_c, channels, line, spare)
            if swapped:
                swap_line(line)
        written = line_at(place + begin * channels * SINGLE, count, singles)
        for n in range(count):
            written[n] = np.float32(read(line, n))
    if end - begin < width:
        whole = line_at(place, width * channels, singles)
        for x in range(width):
            if not begin <= x < end:
                for c in range(channels):
                    whole[x * channels + c] = filler[c]


@compiled()
def _fill_line(y, loaded, box, taps, rooms, gathered, filler, singles):
    """Fill the line of output row `y`, and return which row of the box was read last.

    `taps` says what is weighed, `rooms` are the addresses of the line, the ring and a row more.
    """
    keep_apart()
    down, across, out_width, channels, early, row_bytes, row_starts, pixel_taps = taps
    line, ring, mixed, table = rooms
    row_weights, column_starts, column_weights = pixel_taps
    first = row_starts[y]
    for k in range(max(loaded + 1, first), first + down):
        place = ring + (k % down) * row_bytes
        _convert_row(k, box, gathered, filler, mixed if early else place, singles)
        if early:
            _weigh_pixels(place, mixed, column_starts, column_weights, across, out_width, channels)
    for t in range(down):
        table[t] = ring + ((first + t) % down) * row_bytes
    target = line if early else mixed
    weights = row_weights + y * down * SINGLE
    blocks = row_bytes // (BLOCK * SINGLE)
    blend_rows(target, table.ctypes.data, weights, down, blocks)
    if not early:
        _weigh_pixels(line, mixed, column_starts, column_weights, across, out_width, channels)
    return max(loaded, first + down - 1)


@compiled(cache=True)
def resample_chunk(
    source_table,
    out_table,
    places,
    geometry,
    frames,
    maps,
    fillers,
    kind,
    antialias,
    scale,
    offset,
    center,
    low,
    high,
    factor_step,
    lines_in,
    rows,
    tap_starts,
    tap_weights,
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
    """Fill units `start` to `stop` of a batch, as `fill_chunk` does, by weighted sums.

    Row j of `geometry` is the first row, row step, first column and column step of a sample's box;
    row j of `maps` is, for rows and then for columns, (scale, shift, first, step, length): see
    `find_taps`. What of a box lies outside of row j of `frames` is a row of `fillers`. `rows` has
    room for float32: the line, a plane of it, the ring and two rows more.
    """
    base = source_table[0]
    step_y, step_x, step_c = source_table[6:9]
    out_base, _, out_height, out_width, channels = out_table[0:5]
    item = lines_in.itemsize
    layout = layout_of(out_table, line_out.itemsize)
    singles, gathered, finished = unowned(rows), unowned(lines_in), unowned(line_out)
    laid, fills = unowned(tables), unowned(fillers)
    factors = unowned_factors(scale, offset, center, low, high)
    starts, weights = unowned(tap_starts), unowned(tap_weights)

    # Each begins a cache line: vectors that lie across two of them take twice the time.
    line = rows.ctypes.data + (-rows.ctypes.data) % LINE
    plane = line + line_bytes(out_width * channels)
    ring = plane + line_bytes(plane_items(out_width))

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
        fill_row = 0 if len(fillers) == 1 else j
        filler = line_at(fills.ctypes.data + fill_row * channels * SINGLE, channels, fills)

        # The box, read forwards along its rows: what is mirrored are the taps.
        y0, y_step, x0, x_step = geometry[j]
        height, width = np.int64(maps[j, 4]), np.int64(maps[j, 9])
        if x_step < 0:
            x0 -= width - 1
        above, below, before_it, behind = frames[j]
        first_row, last_row = above - y0, below - y0
        if y_step < 0:
            first_row, last_row = y0 - below + 1, y0 - above + 1
        first, end = min(max(before_it - x0, 0), width), min(max(behind - x0, 0), width)
        packed = not swapped and step_x == channels * item
        packed = packed and (channels == 1 or step_c == item)
        box = (
            base + places[j] + y0 * step_y + x0 * step_x,
            y_step * step_y,
            step_x,
            step_c,
            channels,
            packed,
            swapped,
            (first_row, last_row, first, end, width),
        )
        down = find_taps(kind, antialias, maps[j, 0:5], out_height, x_step == 0, starts, weights)
        across = most_taps(kind, antialias, maps[j, 5], width)
        column_starts = starts.ctypes.data + out_height * 8
        column_weights = weights.ctypes.data + out_height * down * SINGLE
        find_taps(
            kind,
            antialias,
            maps[j, 5:10],
            out_width,
            x_step < 0,
            line_at(column_starts, out_width, starts),
            line_at(column_weights, out_width * across, weights),
        )
        # Products of the one order and of the other: those of pixels four at a time, of rows 16.
        read_rows = min(out_height * abs(maps[j, 0]) + down, height)
        per_row = out_width * across * ((channels + PIXEL - 1) // PIXEL)
        late_cost = out_height * (per_row + down * width * channels / 16)
        early_cost = read_rows * per_row + out_height * down * out_width * channels / 16
        early = early_cost < late_cost
        row_bytes = line_bytes((out_width if early else width) * channels)
        pixel_taps = weights.ctypes.data, column_starts, column_weights
        taps = down, across, out_width, channels, early, row_bytes, starts, pixel_taps
        ring_table = line_at(column_starts + out_width * 8, down, starts)
        rooms = line, ring, ring + down * row_bytes, ring_table
        backwards = maps[j, 0] * maps[j, 3] < 0
        loaded = np.int64(-1)
        for n in range(bottom - top):
            y = bottom - 1 - n if backwards else top + n
            loaded = _fill_line(y, loaded, box, taps, rooms, gathered, filler, singles)
            store_line(
                line, plane, singles, finished, laid, factors, layout, y, beginning, streaming
            )
    if streaming:
        fence()
