"""From one contiguous line of items to another: read, multiply and add, clip, round, write.

``out = min(max((x - center) * scale + offset, low), high)``, each step in the dtype of the tables,
difference, product and sum rounded apart. NaN stays NaN: a comparison with it is false, so nothing
replaces it. Tables that are None leave their step out, in a version compiled for that.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, ARG001, ARG005 - what Numba compiles is typed by Numba

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from samebytes.engine.kernels.intrinsics import (
    LINE,
    line_at,
    load,
    raw_at,
    store,
    stream_affine,
    stream_copy,
    swap_bytes,
)
from samebytes.engine.kernels.items import read, round_to, write
from samebytes.engine.kernels.jit import compiled

__all__ = [
    "add_line",
    "can_stream",
    "convert_line",
    "gather_line",
    "scatter_line",
    "stream_line",
    "swap_line",
]


@register_jitable
def _clipped(value, low, high):
    raised = max(value, low)
    return min(raised, high)


def _less(value, center, k):
    """Return `value` without the center of its place; without centers as it is (compiled only)."""


@overload(_less)
def _less_overload(value, center, k):
    if isinstance(center, types.NoneType):
        return lambda value, center, k: value
    return lambda value, center, k: value - center[k]


def _value(source, scale, offset, center, low, high, k):
    """Return what item `k` of a line becomes, before it is rounded (compiled only)."""


@overload(_value)
def _value_overload(source, scale, offset, center, low, high, k):
    if isinstance(scale, types.NoneType):
        return lambda source, scale, offset, center, low, high, k: read(source, k)
    # The dtype of the tables is the dtype of the arithmetic.
    real = np.dtype(scale.dtype.name).type
    if isinstance(low, types.NoneType):
        return lambda source, scale, offset, center, low, high, k: (
            _less(real(read(source, k)), center, k) * scale[k] + offset[k]
        )
    return lambda source, scale, offset, center, low, high, k: _clipped(
        _less(real(read(source, k)), center, k) * scale[k] + offset[k], low[k], high[k]
    )


@register_jitable
def convert_line(source, scale, offset, center, low, high, out):
    """Write the value of every item of `source` to `out`; tables may be None."""
    for k in range(out.shape[0]):
        write(out, k, round_to(_value(source, scale, offset, center, low, high, k), out))


@register_jitable
def add_line(source, scale, offset, center, low, high, sums):
    """Add the value of every item of `source` to the sum at its place."""
    for k in range(source.shape[0]):
        sums[k] += np.float64(_value(source, scale, offset, center, low, high, k))


def _streamable(source, scale, out):
    """Say how a line of these types is stored past the caches: "copy", "affine", or None.

    Only what one vector register at a time can do. Other conversions would go through a line in
    the cache, and that was measured to be slower than plain stores (for bfloat16 by a third, at
    any size of batch).
    """
    if isinstance(scale, types.NoneType) and source.dtype == out.dtype:
        return "copy"
    if isinstance(source.dtype, types.Integer) and isinstance(out.dtype, types.Integer):
        # Tokens, widened: nothing to saturate. (A copy of one width is the case above.)
        wider = out.dtype.bitwidth > source.dtype.bitwidth
        kept = out.dtype.signed or not source.dtype.signed
        return "affine" if wider and kept and isinstance(scale, types.NoneType) else None
    if not isinstance(out.dtype, types.Float) or isinstance(source.dtype, types.Record):
        return None
    # Calculated at least as wide as it is written, where it is calculated at all.
    narrow = not isinstance(scale, types.NoneType) and scale.dtype.bitwidth < out.dtype.bitwidth
    return None if narrow else "affine"


def _part(table, start, stop):
    """Return items of a table, or None for None (compiled only)."""


@overload(_part)
def _part_overload(table, start, stop):
    if isinstance(table, types.NoneType):
        return lambda table, start, stop: None
    return lambda table, start, stop: line_at(
        table.ctypes.data + start * table.itemsize, stop - start, table
    )


def _stream_lines(target, source, scale, offset, center, low, high, lines, coming, repeats, out):
    """Fill `lines` whole cache lines at the aligned address `target` (compiled only)."""


@overload(_stream_lines)
def _stream_lines_overload(
    target, source, scale, offset, center, low, high, lines, coming, repeats, out
):
    if _streamable(source, scale, out) == "copy":

        def copy(target, source, scale, offset, center, low, high, lines, coming, repeats, out):
            stream_copy(target, source.ctypes.data, lines, coming)

        return copy

    def affine(target, source, scale, offset, center, low, high, lines, coming, repeats, out):
        stream_affine(target, source, scale, offset, center, low, high, lines, coming, repeats, out)

    return affine


def can_stream(source, scale, out):
    """Whether `stream_line` takes these dtypes: a constant, when compiled."""


@overload(can_stream)
def _can_stream_overload(source, scale, out):
    answer = _streamable(source, scale, out) is not None
    return lambda source, scale, out: answer


def stream_line(target, source, scale, offset, center, low, high, coming, repeats, like):
    """Do what `convert_line` does, to items like those of `like` at the address `target`.

    Whole cache lines go past the caches; the ends of a line that is not aligned are written as
    usual. Meanwhile as much of the source at the address `coming` is asked for as is read.
    `repeats` says whether factors begin anew after `PHASES` lines.
    """


# Called, it puts some sixty arguments on the stack for each line, by stores that queue up behind
# those of the line before (6 % of the speed of a crop; a third of that of small images).
@overload(stream_line, jit_options={"forceinline": True})
def _stream_line_overload(target, source, scale, offset, center, low, high, coming, repeats, like):
    if _streamable(source, scale, like) is None:
        # Never called: see can_stream.
        return lambda target, source, scale, offset, center, low, high, coming, repeats, like: None

    def stream(target, source, scale, offset, center, low, high, coming, repeats, like):
        count = source.shape[0]
        item, source_item = like.itemsize, source.itemsize
        head = min((-target) % LINE, count * item) // item
        if (target + head * item) % LINE != 0:
            head = count  # items that straddle cache lines can never be streamed
        lines = (count - head) * item // LINE
        tail = head + lines * (LINE // item)
        address = source.ctypes.data
        # Aligned lines have no ends: then the calls, with their many arguments, are skipped.
        if head > 0:
            beginning = line_at(target, head, like)
            start = line_at(address, head, source)
            convert_line(
                start,
                _part(scale, 0, head),
                _part(offset, 0, head),
                _part(center, 0, head),
                _part(low, 0, head),
                _part(high, 0, head),
                beginning,
            )
        _stream_lines(
            target + head * item,
            line_at(address + head * source_item, tail - head, source),
            _part(scale, head, tail),
            _part(offset, head, tail),
            _part(center, head, tail),
            _part(low, head, tail),
            _part(high, head, tail),
            lines,
            coming,
            repeats,
            like,
        )
        if tail < count:
            convert_line(
                line_at(address + tail * source_item, count - tail, source),
                _part(scale, tail, count),
                _part(offset, tail, count),
                _part(center, tail, count),
                _part(low, tail, count),
                _part(high, tail, count),
                line_at(target + tail * item, count - tail, like),
            )

    return stream


@compiled()
def gather_line(  # noqa: C901 - a list of cases
    address, pixel_step, channel_step, channels, typed_line, spare_address
):
    """Collect items that lie `pixel_step` and `channel_step` bytes apart into a line.

    The common cases are written with constant steps, which LLVM turns into shuffles. At
    `spare_address` is room for a second line to work in.
    """
    # Moving is the same for every dtype of one size: as unsigned integers.
    line = raw_at(typed_line.ctypes.data, typed_line.shape[0], typed_line)
    item = line.itemsize
    pixels = line.shape[0] // channels
    last = (pixels - 1) * channels
    if channels == 1 and pixel_step == 3 * item:
        source = raw_at(address, 3 * pixels, line)
        for x in range(pixels):
            store(line, x, load(source, 3 * x))
    elif channels == 1 and pixel_step == -3 * item:
        source = raw_at(address - 3 * last * item, 3 * pixels, line)
        # Backwards in threes stays scalar, so forwards in threes, then backwards in ones.
        spare = raw_at(spare_address, pixels, typed_line)
        for x in range(pixels):
            store(spare, x, load(source, 3 * x))
        for x in range(pixels):
            store(line, x, load(spare, last - x))
    elif channels == 1 and pixel_step == -item:
        source = raw_at(address - last * item, pixels, line)
        for x in range(pixels):
            store(line, x, load(source, last - x))
    elif channels == 3 and pixel_step == -3 * item and channel_step == item:
        source = raw_at(address - last * item, 3 * pixels, line)
        for x in range(pixels):
            store(line, 3 * x, load(source, last - 3 * x))
            store(line, 3 * x + 1, load(source, last - 3 * x + 1))
            store(line, 3 * x + 2, load(source, last - 3 * x + 2))
    else:
        for x in range(pixels):
            for c in range(channels):
                place = address + x * pixel_step + c * channel_step
                store(line, x * channels + c, load(raw_at(place, 1, line), 0))


@compiled()
def swap_line(typed_line):
    """Reverse the bytes of every item in place."""
    line = raw_at(typed_line.ctypes.data, typed_line.shape[0], typed_line)
    for k in range(line.shape[0]):
        store(line, k, swap_bytes(load(line, k)))


@compiled()
def scatter_line(typed_line, address, pixel_step, channel_step, channels):
    """Put the items of a line to places `pixel_step` and `channel_step` bytes apart."""
    line = raw_at(typed_line.ctypes.data, typed_line.shape[0], typed_line)
    for x in range(line.shape[0] // channels):
        for c in range(channels):
            place = address + x * pixel_step + c * channel_step
            store(raw_at(place, 1, line), 0, load(line, x * channels + c))
