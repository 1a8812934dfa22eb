"""One item: how it is read as a number, rounded to another dtype, and written.

NumPy's float16 and ml_dtypes' bfloat16 have no arithmetic in Numba. They travel as the records
`HALF` and `BFLOAT`, whose one field names the encoding of the 16 bits; so the dtype alone says how
an item is read and written, and Numba compiles one version for each pair of dtypes.

Rounding, everywhere: to nearest, ties to even, once. The exception is bfloat16 from float64 or
from integers above 2**24, which are rounded to float32 first, as ml_dtypes and TensorFlow do.
Integers saturate, and NaN becomes 0.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, ARG001, ARG005 - what Numba compiles is typed by Numba

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from samebytes.engine.kernels.intrinsics import bits_of, single_of

__all__ = ["BFLOAT", "HALF", "read", "round_to", "write"]

HALF = np.dtype([("float16", np.uint16)])
BFLOAT = np.dtype([("bfloat16", np.uint16)])


def _encoding(dtype):
    """Return the field name of `HALF` or `BFLOAT`, or None for a number Numba knows."""
    return next(iter(dtype.fields)) if isinstance(dtype, types.Record) else None


# Bits ---------------------------------------------------------------------------------------------


# Every step is cast, because Numba widens uint32 arithmetic to 64 bits, which halves the vectors.


@register_jitable
def _half_to_single(bits):
    magnitude = np.uint32(bits & np.uint16(0x7FFF))
    # Moved into place the exponent is 112 too small; multiplying mends it, subnormals included.
    shifted = np.uint32(magnitude << np.uint32(13))
    result = bits_of(single_of(shifted) * np.float32(2.0**112))
    if magnitude >= np.uint32(0x7C00):  # infinity and NaN keep all exponent bits
        result = np.uint32(shifted | np.uint32(0x7F800000))
    sign = np.uint32(np.uint32(bits & np.uint16(0x8000)) << np.uint32(16))
    return single_of(np.uint32(result | sign))


@register_jitable
def _single_to_half(value):
    bits = bits_of(value)
    magnitude = np.uint32(bits & np.uint32(0x7FFFFFFF))
    # Below 2**-14 halves are evenly spaced, and adding 0.5 makes the adder round to that spacing.
    small = bits_of(single_of(magnitude) + np.float32(0.5))
    result = np.uint32(small - np.uint32(0x3F000000))
    if magnitude >= np.uint32(0x38800000):
        odd = np.uint32(np.uint32(magnitude >> np.uint32(13)) & np.uint32(1))
        rounded = np.uint32(np.uint32(magnitude + np.uint32(0xFFF)) + odd)
        result = np.uint32(np.uint32(rounded - np.uint32(112 << 23)) >> np.uint32(13))
    if magnitude >= np.uint32(0x477FF000):  # 65520 and above round to infinity
        result = np.uint32(0x7C00)
    if magnitude > np.uint32(0x7F800000):
        result = np.uint32(0x7E00)
    sign = np.uint32(np.uint32(bits >> np.uint32(16)) & np.uint32(0x8000))
    return np.uint16(result | sign)


@register_jitable
def _single_to_bfloat(value):
    bits = bits_of(value)
    odd = np.uint32(np.uint32(bits >> np.uint32(16)) & np.uint32(1))
    result = np.uint32(np.uint32(np.uint32(bits + np.uint32(0x7FFF)) + odd) >> np.uint32(16))
    if np.uint32(bits & np.uint32(0x7FFFFFFF)) > np.uint32(0x7F800000):
        # Rounding could carry a NaN into infinity; keep its sign and make it quiet instead.
        result = np.uint32(np.uint32(bits >> np.uint32(16)) | np.uint32(0x40))
    return np.uint16(result)


@register_jitable
def _bfloat_to_single(bits):
    return single_of(np.uint32(np.uint32(bits) << np.uint32(16)))


@register_jitable
def _to_odd_single(value):
    """Round a float64 to float32 such that rounding again, to half, gives what rounding once would.

    Towards zero, and where that loses anything to the odd neighbour: the lost part then still
    keeps the number off every tie (S. Boldo, G. Melquiond, "When double rounding is odd", 2005).
    """
    nearest = np.float32(value)
    back = np.float64(nearest)
    bits = bits_of(nearest)
    if np.abs(back) > np.abs(value):
        bits = np.uint32(bits - np.uint32(1))
    if back != value:
        bits = np.uint32(bits | np.uint32(1))
    return single_of(bits)


# Items --------------------------------------------------------------------------------------------


def read(line, k):
    """Return item `k` as a number Numba can calculate with (compiled only)."""


@overload(read)
def _read_overload(line, k):
    encoding = _encoding(line.dtype)
    if encoding == "float16":
        return lambda line, k: _half_to_single(line[k].float16)
    if encoding == "bfloat16":
        return lambda line, k: _bfloat_to_single(line[k].bfloat16)
    return lambda line, k: line[k]


def round_to(value, out):
    """Return `value` as an item of the dtype of `out` (compiled only)."""


@overload(round_to)
def _round_to_overload(value, out):
    encoding = _encoding(out.dtype)
    if encoding == "float16":
        if value == types.float64:
            return lambda value, out: _single_to_half(_to_odd_single(value))
        return lambda value, out: _single_to_half(np.float32(value))
    if encoding == "bfloat16":
        return lambda value, out: _single_to_bfloat(np.float32(value))
    kind = np.dtype(out.dtype.name).type
    if isinstance(out.dtype, types.Float):
        return lambda value, out: kind(value)
    limits = np.iinfo(kind)
    lowest, highest = kind(limits.min), kind(limits.max)
    if isinstance(value, types.Float):
        real = np.dtype(value.name).type
        # Powers of two, so exact in any float; the highest integer itself need not be.
        bottom, top = real(limits.min), real(2.0 * (limits.max // 2 + 1))

        def saturate_float(value, out):
            nearest = np.rint(value)
            inside = nearest >= bottom and nearest < top
            result = kind(nearest if inside else real(0))
            if nearest >= top:
                result = highest
            if nearest < bottom:
                result = lowest
            return result

        return saturate_float
    source = np.iinfo(np.dtype(value.name))
    given = np.dtype(value.name).type
    # A limit is compared in the type of the value, where it fits if it can be passed at all.
    floor = given(max(limits.min, source.min))
    ceiling = given(min(limits.max, source.max))

    def saturate_integer(value, out):
        return kind(min(max(value, floor), ceiling))

    return saturate_integer


def write(line, k, item):
    """Set item `k` to what `round_to` returned (compiled only)."""


@overload(write)
def _write_overload(line, k, item):
    encoding = _encoding(line.dtype)
    if encoding == "float16":

        def write_half(line, k, item):
            line[k].float16 = item

        return write_half
    if encoding == "bfloat16":

        def write_bfloat(line, k, item):
            line[k].bfloat16 = item

        return write_bfloat

    def write_number(line, k, item):
        line[k] = item

    return write_number
