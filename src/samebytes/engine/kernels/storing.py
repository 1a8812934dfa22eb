"""From a line of pixels, channels last, to where it lies in the output: what kernels end with."""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201 - what Numba compiles is typed by Numba

from __future__ import annotations

from samebytes.engine.kernels.fill import _lay_tables, _table_line, unowned
from samebytes.engine.kernels.intrinsics import LINE, PHASES, keep_apart, line_at
from samebytes.engine.kernels.jit import compiled
from samebytes.engine.kernels.lines import (
    can_stream,
    convert_line,
    gather_line,
    scatter_line,
    stream_line,
)

__all__ = ["lay_factors", "layout_of", "plane_items", "store_line", "unowned_factors"]


@compiled()
def layout_of(out_table, out_item):
    """Return how a line lies in the output.

    (whether channels come first, planes of a line, channels of a plane, items of a plane, whether
    a plane has no gaps, steps of rows, pixels and channels)
    """
    width, channels = out_table[3], out_table[4]
    out_y, out_x, out_c = out_table[6:9]
    planar = channels > 1 and out_x == out_item
    groups, inner = (channels, 1) if planar else (1, channels)
    contiguous = out_x == inner * out_item and (inner == 1 or out_c == out_item)
    return planar, groups, inner, width * inner, contiguous, out_y, out_x, out_c


@compiled()
def plane_items(width):
    """Return the items that `store_line` needs room for, where channels come first."""
    return 2 * width


@compiled()
def unowned_factors(scale, offset, center, low, high):
    """Return tables of factors without their owners."""
    return unowned(scale), unowned(offset), unowned(center), unowned(low), unowned(high)


@compiled()
def lay_factors(factors, j, layout, laid):
    """Repeat the factors of row `j` along a line."""
    keep_apart()
    planar, groups, inner, count = layout[:4]
    _lay_tables(factors, j, groups * inner, planar, laid, groups * count)


@compiled()
def store_line(line, plane, like, finished, laid, factors, layout, y, beginning, streaming):
    """Convert the line of items like those of `like` at the address `line`, and write it as row y.

    `plane` is the address of room for `plane_items`.
    """
    keep_apart()
    planar, groups, inner, count, contiguous, out_y, out_x, out_c = layout
    item, out_item = like.itemsize, finished.itemsize
    affine, _, centers, limits, _ = factors
    streamed = streaming and contiguous and can_stream(like, laid, finished)
    repeats = (PHASES * LINE // out_item) % inner == 0
    for g in range(groups):
        if planar:
            values = line_at(plane, count, like)
            spare = plane + count * item
            gather_line(line + g * item, groups * item, item, 1, values, spare)
        else:
            values = line_at(line, count, like)
        scales = _table_line(affine, laid, g * count, count)
        offsets = _table_line(affine, laid, (groups + g) * count, count)
        middles = _table_line(centers, laid, (2 * groups + g) * count, count)
        lows = _table_line(limits, laid, (3 * groups + g) * count, count)
        highs = _table_line(limits, laid, (4 * groups + g) * count, count)
        target = beginning + y * out_y + g * out_c
        if streamed:
            tables = scales, offsets, middles, lows, highs
            stream_line(target, values, *tables, values.ctypes.data, repeats, finished)
            continue
        place = target if contiguous else finished.ctypes.data
        written = line_at(place, count, finished)
        convert_line(values, scales, offsets, middles, lows, highs, written)
        if not contiguous:
            scatter_line(written, target, out_x, out_c, inner)
