"""The loops over a batch, compiled: geometry, then line by line what has to be done to a line.

One version is compiled for each (source dtype, output dtype, table dtype or none); layouts,
flips and strides are ordinary numbers in it.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, ARG001, ARG005 - what Numba compiles is typed by Numba

from __future__ import annotations

from numba import types
from numba.extending import overload

from samebytes.engine.kernels.intrinsics import (
    LINE,
    PHASES,
    fence,
    line_at,
    load,
    prefetch,
    raw_at,
    store,
)
from samebytes.engine.kernels.jit import compiled
from samebytes.engine.kernels.lines import (
    add_line,
    can_stream,
    convert_line,
    gather_line,
    scatter_line,
    stream_line,
    swap_line,
)

__all__ = ["FACTORS", "PREFETCH_BYTES", "PREFETCH_ROWS", "fill_chunk", "mean_chunk", "unowned"]

FACTORS = 5
"""How many factors an item may have: scale, offset, center, low, high."""

PREFETCH_ROWS = 8
"""How many rows ahead the source is asked for: rows of a crop lie apart, and no hardware
prefetcher follows them (a sixth of the speed of the whole pass; 4 to 32 measure the same)."""

PREFETCH_BYTES = 8 << 10
"""The most of a row that is asked for; over a longer one the hardware keeps up by itself."""


@compiled()
def _lay(laid, row, items, factors, j, channels, planar):
    """Repeat a sample's factors so that item k of line `row` of `laid` meets factor k."""
    table = line_at(laid.ctypes.data + row * items * laid.itemsize, items, laid)
    if planar:
        pixels = items // channels
        for c in range(channels):
            plane = line_at(table.ctypes.data + c * pixels * laid.itemsize, pixels, laid)
            factor = load(factors, j * channels + c)
            for x in range(pixels):
                plane[x] = factor
        return
    for c in range(channels):
        store(table, c, load(factors, j * channels + c))
    done = channels
    while done < items:  # twice as many each time, so that the copies are long
        more = min(done, items - done)
        target = line_at(table.ctypes.data + done * laid.itemsize, more, laid)
        for k in range(more):
            target[k] = load(table, k)
        done += more


def _lay_some(laid, row, items, factors, j, channels, planar):
    """Do what `_lay` does, or nothing for None (compiled only)."""


@overload(_lay_some)
def _lay_some_overload(laid, row, items, factors, j, channels, planar):
    if isinstance(factors, types.NoneType):
        return lambda laid, row, items, factors, j, channels, planar: None
    return lambda laid, row, items, factors, j, channels, planar: _lay(
        laid, row, items, factors, j, channels, planar
    )


@compiled()
def _lay_tables(factors, j, channels, planar, laid, items):
    """Lay all tables that are not None, each in the row of its place."""
    scale, offset, center, low, high = factors
    _lay_some(laid, 0, items, scale, j, channels, planar)
    _lay_some(laid, 1, items, offset, j, channels, planar)
    _lay_some(laid, 2, items, center, j, channels, planar)
    _lay_some(laid, 3, items, low, j, channels, planar)
    _lay_some(laid, 4, items, high, j, channels, planar)


def unowned(array):
    """Return the items of a contiguous array without its owner, or None (compiled only)."""


@overload(unowned)
def _unowned_overload(array):
    if isinstance(array, types.NoneType):
        return lambda array: None
    return lambda array: line_at(array.ctypes.data, array.size, array)


def _table_line(like, tables, start, count):
    """Return `count` laid factors from item `start` on, None if `like` is (compiled only)."""


@overload(_table_line)
def _table_line_overload(like, tables, start, count):
    if isinstance(like, types.NoneType):
        return lambda like, tables, start, count: None
    return lambda like, tables, start, count: line_at(
        tables.ctypes.data + start * tables.itemsize, count, tables
    )


def _is_whole(spans, j, height, width):
    """Whether all that sample `j` shows is there to be read (compiled only)."""


@overload(_is_whole)
def _is_whole_overload(spans, j, height, width):
    if isinstance(spans, types.NoneType):
        return lambda spans, j, height, width: True
    return lambda spans, j, height, width: (
        spans[j, 0] <= 0 and spans[j, 1] >= height and spans[j, 2] <= 0 and spans[j, 3] >= width
    )


def _gather(address, steps, line, spare, spans, padding, sample, pixel):
    """Collect a line, of which pixels outside of the span of a sample are padding (compiled only).

    `steps` are those of pixels and channels in bytes, and the number of channels; `pixel` is the
    row and the column that the line begins with, and its step along the columns.
    """


@overload(_gather)
def _gather_overload(address, steps, line, spare, spans, padding, sample, pixel):
    if isinstance(spans, types.NoneType):
        return lambda address, steps, line, spare, spans, padding, sample, pixel: gather_line(
            address, steps[0], steps[1], steps[2], line, spare
        )

    def gather(address, steps, line, spare, spans, padding, sample, pixel):
        raw = raw_at(line.ctypes.data, line.shape[0], line)
        filler = load(raw_at(padding.ctypes.data, 1, line), 0)
        pixel_step, channel_step, channels = steps
        y, x, dx = pixel
        pixels = line.shape[0] // channels
        first, last = spans[sample, 2], spans[sample, 3]
        # Pixel k shows column x + k * dx: those from `begin` to `end` are there.
        begin, end = (first - x, last - x) if dx > 0 else (x - last + 1, x - first + 1)
        begin, end = min(max(begin, 0), pixels), min(max(end, 0), pixels)
        if end <= begin or not spans[sample, 0] <= y < spans[sample, 1]:
            begin, end = 0, 0
        else:
            place = line.ctypes.data + begin * channels * line.itemsize
            there = line_at(place, (end - begin) * channels, line)
            start = address + begin * pixel_step
            gather_line(start, pixel_step, channel_step, channels, there, spare)
        for k in range(begin * channels):
            store(raw, k, filler)
        for k in range(end * channels, line.shape[0]):
            store(raw, k, filler)

    return gather


@compiled(cache=True)
def fill_chunk(  # noqa: C901
    source_table,
    out_table,
    places,
    geometry,
    geometry_step,
    scale,
    offset,
    center,
    low,
    high,
    factor_step,
    spans,
    padding,
    lines_in,
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
    """Fill units `start` to `stop` of a batch; the axes of both tables are N, H, W, C.

    A unit is one of `blocks` blocks of rows of a sample. Sample j has row ``j * geometry_step`` of
    the geometry and row ``j * factor_step`` of the factors. The output is one batch or several,
    which lie `apart` and of which k ends behind sample ``ends[k]``. `lines_in` holds two lines,
    the second for `gather_line` to work in. Nothing is checked here.
    """
    base, height, width = source_table[0], source_table[2], source_table[3]
    step_y, step_x, step_c = source_table[6:9]
    out_base, _, out_height, out_width, channels = out_table[0:5]
    out_n, out_y, out_x, out_c = out_table[5:9]
    item, out_item = lines_in.itemsize, line_out.itemsize

    # One channel at a time where the output has each of them together, all at a time elsewhere.
    planar = channels > 1 and out_x == out_item
    groups, inner = (channels, 1) if planar else (1, channels)
    count = out_width * inner
    contiguous = out_x == inner * out_item and (inner == 1 or out_c == out_item)
    streamed = streaming and contiguous and can_stream(lines_in, tables, line_out)
    repeats = (PHASES * LINE // out_item) % inner == 0
    # Without their owners, because an owner's references are counted at every call: by an atomic
    # addition, which waits for all streaming stores before it (2.5 times the time of the pass).
    gathered, finished = unowned(lines_in), unowned(line_out)
    spare = gathered.ctypes.data + count * item
    laid = unowned(tables)
    centers = unowned(center)
    factors = unowned(scale), unowned(offset), centers, unowned(low), unowned(high)
    affine, limits = factors[0], factors[3]
    filler = unowned(padding)

    batch, before = 0, 0
    last = (stop - 1) // blocks
    for j in range(start // blocks, last + 1):
        # All rows of a sample, but for the first and the last one that this chunk has a share in.
        top = max(start - j * blocks, 0) * out_height // blocks
        bottom = min(stop - j * blocks, blocks) * out_height // blocks
        here = j * geometry_step
        y0, y_step = geometry[here, 0], geometry[here, 1]
        x0, x_step = geometry[here, 2], geometry[here, 3]
        while j >= ends[batch]:
            before = ends[batch]
            batch += 1
        beginning = out_base + batch * apart + (j - before) * out_n
        if factor_step != 0 or j == start // blocks:
            _lay_tables(factors, j * factor_step, channels, planar, laid, groups * count)
        pixel_step = x_step * step_x
        packed = not swapped and pixel_step == inner * item and (inner == 1 or step_c == item)
        packed = packed and _is_whole(spans, j, height, width)
        first = base + places[j] + x0 * step_x
        following = min(j + 1, last)
        there = following * geometry_step
        following_y, following_y_step = geometry[there, 0], geometry[there, 1]
        following_first = base + places[following] + geometry[there, 2] * step_x
        row_bytes = out_width * abs(step_x)
        asked_bytes = min(row_bytes, PREFETCH_BYTES)
        # Of rows without gaps `stream_line` asks for those to come while it writes this one.
        in_step = streamed and row_bytes == count * item
        for y in range(top, bottom):
            row = first + (y0 + y * y_step) * step_y
            ahead = y + PREFETCH_ROWS
            if ahead < bottom:
                coming = first + (y0 + ahead * y_step) * step_y
            else:
                ahead = min(ahead - bottom, out_height - 1)
                coming = following_first + (following_y + ahead * following_y_step) * step_y
            if x_step < 0:
                coming -= row_bytes
            if not in_step:
                for byte in range(0, asked_bytes, LINE):
                    prefetch(coming + byte)
            for g in range(groups):
                address = row + g * step_c
                if packed:
                    line = line_at(address, count, gathered)
                else:
                    line = line_at(gathered.ctypes.data, count, gathered)
                    steps = pixel_step, step_c, inner
                    pixel = y0 + y * y_step, x0, x_step
                    _gather(address, steps, line, spare, spans, filler, j, pixel)
                    if swapped:
                        swap_line(line)
                scales = _table_line(affine, laid, g * count, count)
                offsets = _table_line(affine, laid, (groups + g) * count, count)
                middles = _table_line(centers, laid, (2 * groups + g) * count, count)
                lows = _table_line(limits, laid, (3 * groups + g) * count, count)
                highs = _table_line(limits, laid, (4 * groups + g) * count, count)
                target = beginning + y * out_y + g * out_c
                if streamed:
                    asked = coming + g * step_c if in_step else line.ctypes.data
                    tables_of = scales, offsets, middles, lows, highs
                    stream_line(target, line, *tables_of, asked, repeats, finished)
                    continue
                place = target if contiguous else finished.ctypes.data
                written = line_at(place, count, finished)
                convert_line(line, scales, offsets, middles, lows, highs, written)
                if not contiguous:
                    scatter_line(written, target, out_x, out_c, inner)
    if streamed:
        fence()


@compiled(cache=True)
def mean_chunk(
    source_table,
    places,
    geometry,
    geometry_step,
    height,
    width,
    scale,
    offset,
    center,
    low,
    high,
    factor_step,
    lines_in,
    tables,
    sums,
    swapped,
    means,
):
    """Set `means` to the mean of every channel of every sample's region; nothing is checked.

    `sums` has as many places as `tables` has factors: some pixels, each with its channels. Item k
    of a row is added to sum ``k % len(sums)``, which is vectorised without any sum being
    reordered; the sums of a channel are then added up in order.
    """
    base = source_table[0]
    step_y, step_x, step_c = source_table[6:9]
    channels = means.shape[1]
    item, count = lines_in.itemsize, width * channels
    gathered, laid = unowned(lines_in), unowned(tables)
    spare = gathered.ctypes.data + count * item
    centers = unowned(center)
    factors = unowned(scale), unowned(offset), centers, unowned(low), unowned(high)
    affine, limits, partial = factors[0], factors[3], unowned(sums)
    slots, planar = sums.shape[0], False
    for j in range(places.shape[0]):
        here = j * geometry_step
        y0, y_step = geometry[here, 0], geometry[here, 1]
        x0, x_step = geometry[here, 2], geometry[here, 3]
        if factor_step != 0 or j == 0:
            _lay_tables(factors, j * factor_step, channels, planar, laid, slots)
        scales = _table_line(affine, laid, 0, slots)
        offsets = _table_line(affine, laid, slots, slots)
        middles = _table_line(centers, laid, 2 * slots, slots)
        lows = _table_line(limits, laid, 3 * slots, slots)
        highs = _table_line(limits, laid, 4 * slots, slots)
        sums[:] = 0.0
        asked_bytes = min(width * abs(step_x), PREFETCH_BYTES)
        pixel_step = x_step * step_x
        packed = not swapped and pixel_step == channels * item
        packed = packed and (channels == 1 or step_c == item)
        first = base + places[j] + x0 * step_x
        for y in range(height):
            address = first + (y0 + y * y_step) * step_y
            coming = address + PREFETCH_ROWS * y_step * step_y
            for byte in range(0, asked_bytes, LINE):
                prefetch(coming + byte)
            if not packed:
                line = line_at(gathered.ctypes.data, count, gathered)
                gather_line(address, pixel_step, step_c, channels, line, spare)
                if swapped:
                    swap_line(line)
                address = line.ctypes.data
            for k in range(0, count, slots):
                part = line_at(address + k * item, min(slots, count - k), gathered)
                add_line(part, scales, offsets, middles, lows, highs, partial)
        for c in range(channels):
            total = 0.0
            for k in range(c, slots, channels):
                total += sums[k]
            means[j, c] = total / (height * width)
