"""The two weighted sums that resampling is made of: of rows, and of the pixels in a row.

Written as machine operations, because a sum over few taps, of pixels with few channels, is not
vectorised from a loop. Products and sums are rounded apart, each, so that the bytes do not depend
on whether a processor fuses them; and they are added in the order of the taps.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, ARG001 - what Numba calls has Numba's signatures

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["BLOCK", "PIXEL", "blend_pixels", "blend_rows"]

BLOCK = 64
"""Items of a row that are summed at a time, in as many registers as all processors have."""

PIXEL = 4
"""Channels of a pixel that are summed at a time: a line needs room for so many beyond its end."""

USUAL_TAPS = range(2, 7)
"""How many taps have a loop of their own, where the sum is one run of instructions: 3 times."""

_FLOAT = ir.FloatType()
_WIDE = 16


def _pointer(builder, address, kind):
    return builder.inttoptr(address, kind.as_pointer())


def _at(builder, base, index, size):
    """Return the address of item `index` of items of so many bytes."""
    return builder.add(base, builder.mul(index, ir.Constant(base.type, size)))


def _splat(builder, value, lanes):
    vector = ir.Constant(ir.VectorType(_FLOAT, lanes), ir.Undefined)
    first = builder.insert_element(vector, value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), lanes), None)
    return builder.shuffle_vector(first, vector, mask)


def _summed(builder, taps, weights, read, lanes, parts):
    """Return the sums over `taps` of weight times each of the vectors that `read` gives for one.

    `taps` is a number, or a value that is known when it runs.
    """

    def weighted(tap):
        weight = builder.load(_pointer(builder, _at(builder, weights, tap, 4), _FLOAT), align=4)
        factor = _splat(builder, weight, lanes)
        return [builder.fmul(value, factor) for value in read(tap)]

    one = ir.Constant(weights.type, 1)
    start = weighted(ir.Constant(weights.type, 0))
    if isinstance(taps, int):
        for tap in range(1, taps):
            more = weighted(ir.Constant(weights.type, tap))
            start = [builder.fadd(total, value) for total, value in zip(start, more, strict=True)]
        return start
    before, body, after = (builder.append_basic_block(name) for name in ("taps", "tap", "done"))
    origin = builder.block
    builder.branch(before)
    builder.position_at_end(before)
    tap = builder.phi(taps.type)
    sums = [builder.phi(ir.VectorType(_FLOAT, lanes)) for _ in range(parts)]
    tap.add_incoming(one, origin)
    for total, value in zip(sums, start, strict=True):
        total.add_incoming(value, origin)
    builder.cbranch(builder.icmp_signed("<", tap, taps), body, after)
    builder.position_at_end(body)
    added = [builder.fadd(total, more) for total, more in zip(sums, weighted(tap), strict=True)]
    tap.add_incoming(builder.add(tap, one), builder.block)
    for total, value in zip(sums, added, strict=True):
        total.add_incoming(value, builder.block)
    builder.branch(before)
    builder.position_at_end(after)
    return sums


def _each_known(builder, taps, known, write):
    """Call `write` for each number of taps that is known, and with `taps` for all others."""
    done, other = builder.append_basic_block("known"), builder.append_basic_block("other")
    choice = builder.switch(taps, other)
    for number in known:
        block = builder.append_basic_block(f"taps{number}")
        choice.add_case(ir.Constant(taps.type, number), block)
        builder.position_at_end(block)
        write(number)
        builder.branch(done)
    builder.position_at_end(other)
    write(taps)
    builder.branch(done)
    builder.position_at_end(done)


@intrinsic
def blend_rows(typingctx, target, rows, weights, taps, blocks):
    """Write the weighted sum of `taps` rows of float32 to `target`, in whole blocks.

    All are addresses: `rows` that of a table of the addresses of rows, `weights` of float32.
    """

    def codegen(context, builder, signature, args):
        target_address, row_table, weight_table, tap_count, block_count = args
        vector = ir.VectorType(_FLOAT, _WIDE)
        parts = BLOCK // _WIDE
        with cgutils.for_range(builder, block_count) as loop:
            shift = builder.mul(loop.index, ir.Constant(tap_count.type, 4 * BLOCK))

            def read(tap):
                place = _pointer(builder, _at(builder, row_table, tap, 8), tap_count.type)
                begin = builder.add(builder.load(place, align=8), shift)
                return [
                    builder.load(
                        _pointer(
                            builder,
                            builder.add(begin, ir.Constant(begin.type, 4 * _WIDE * part)),
                            vector,
                        ),
                        align=4,
                    )
                    for part in range(parts)
                ]

            sums = _summed(builder, tap_count, weight_table, read, _WIDE, parts)
            begin = builder.add(target_address, shift)
            for part, total in enumerate(sums):
                place = builder.add(begin, ir.Constant(begin.type, 4 * _WIDE * part))
                builder.store(total, _pointer(builder, place, vector), align=4)
        return context.get_dummy_value()

    whole = types.intp
    return types.void(whole, whole, whole, whole, whole), codegen


@intrinsic
def blend_pixels(typingctx, target, source, starts, weights, taps, pixels, channels):
    """Write `pixels` pixels of float32 to `target`, each the weighted sum of `taps` of a line.

    All are addresses: `starts` that of a table of int64, which pixel of the line the taps of each
    begin with, and `weights` that of their weights in float32, one after the other. Up to `PIXEL`
    items beyond the ends of both lines are read and written.
    """

    def codegen(context, builder, signature, args):
        target_address, source_address, start_table, weight_table, taps_, count, depth = args
        whole = taps_.type
        vector = ir.VectorType(_FLOAT, PIXEL)
        pixel_bytes = builder.mul(depth, ir.Constant(whole, 4))
        weight_bytes = builder.mul(taps_, ir.Constant(whole, 4))

        def write(known):
            with cgutils.for_range(builder, count) as loop:
                place = _pointer(builder, _at(builder, start_table, loop.index, 8), whole)
                first = builder.mul(builder.load(place, align=8), pixel_bytes)
                begin = builder.add(source_address, first)
                factors = builder.add(weight_table, builder.mul(loop.index, weight_bytes))
                written = builder.add(target_address, builder.mul(loop.index, pixel_bytes))

                def read(tap):
                    address = builder.add(begin, builder.mul(tap, pixel_bytes))
                    return [builder.load(_pointer(builder, address, vector), align=4)]

                (total,) = _summed(builder, known, factors, read, PIXEL, 1)
                builder.store(total, _pointer(builder, written, vector), align=4)

        _each_known(builder, taps_, USUAL_TAPS, write)
        return context.get_dummy_value()

    whole = types.intp
    return types.void(whole, whole, whole, whole, whole, whole, whole), codegen
