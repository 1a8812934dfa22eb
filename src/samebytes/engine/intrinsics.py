"""The few machine operations that Numba has no Python for: typed memory and streaming stores.

Addresses are plain integers here, as `array.ctypes.data` gives them. Nothing in this file checks
bounds: `kernels.prepare` does, for the whole batch, before the first address is formed.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, ARG001 - what Numba calls has Numba's signatures

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

__all__ = [
    "LINE",
    "bits_of",
    "fence",
    "line_at",
    "load",
    "prefetch",
    "raw_at",
    "single_of",
    "store",
    "stream_affine",
    "stream_copy",
    "swap_bytes",
]

LINE = 64
"""Bytes in a cache line, the unit of a streaming store, on x86-64 and on most ARM."""

_INT32 = ir.IntType(32)


def _line_view(dtype, like):
    """Return signature and code of a function (address, length, like) -> array of `dtype`."""
    array_type = types.Array(dtype, 1, "C", aligned=False)

    def codegen(context, builder, signature, args):
        array = arrayobj.make_array(array_type)(context, builder)
        data_type = context.get_data_type(dtype)
        itemsize = context.get_constant(types.intp, context.get_abi_sizeof(data_type))
        arrayobj.populate_array(
            array,
            data=builder.inttoptr(args[0], data_type.as_pointer()),
            shape=[args[1]],
            strides=[itemsize],
            itemsize=itemsize,
            meminfo=None,
            parent=None,
        )
        return array._getvalue()  # noqa: SLF001 - as Numba's own code reads a struct proxy

    return array_type(types.intp, types.intp, like), codegen


@intrinsic
def line_at(typingctx, address, length, like):
    """Return `length` items at `address` as a contiguous array of the dtype of `like`.

    Unlike a slice it has a known unit stride, so the loop over it vectorises, and it holds no
    reference, so no atomic counter is touched. Declared unaligned, which costs nothing on x86
    and makes a mapped file with odd offsets legal. The caller keeps the memory alive.
    """
    return _line_view(like.dtype, like)


@intrinsic
def raw_at(typingctx, address, length, like):
    """Do what `line_at` does, as unsigned integers of the item size of `like`."""
    dtype = like.dtype
    size = dtype.size if isinstance(dtype, types.Record) else dtype.bitwidth // 8
    return _line_view(types.Integer.from_bitwidth(8 * size, signed=False), like)


def _item_pointer(context, builder, array_type, array, index):
    data = arrayobj.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index], inbounds=True)


@intrinsic
def load(typingctx, line, index):
    """Return ``line[index]`` without the test for negative indices, which stops vectorisation."""

    def codegen(context, builder, signature, args):
        pointer = _item_pointer(context, builder, line, *args)
        return builder.load(pointer, align=1)

    return line.dtype(line, types.intp), codegen


@intrinsic
def store(typingctx, line, index, value):
    """Set ``line[index] = value`` without the test for negative indices."""

    def codegen(context, builder, signature, args):
        array, position, item = args
        builder.store(item, _item_pointer(context, builder, line, array, position), align=1)
        return context.get_dummy_value()

    return types.void(line, types.intp, line.dtype), codegen


def _same_bits(source, target):
    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], context.get_value_type(target))

    return target(source), codegen


@intrinsic
def bits_of(typingctx, value):
    """Return the bits of a float32."""
    return _same_bits(types.float32, types.uint32)


@intrinsic
def single_of(typingctx, bits):
    """Return the float32 that has these bits."""
    return _same_bits(types.uint32, types.float32)


@intrinsic
def swap_bytes(typingctx, value):
    """Return an integer with its bytes in the opposite order."""

    def codegen(context, builder, signature, args):
        return builder.bswap(args[0]) if value.bitwidth > 8 else args[0]

    return value(value), codegen


@intrinsic
def prefetch(typingctx, address):
    """Ask for the cache line at `address`; any address is safe, mapped or not."""

    def codegen(context, builder, signature, args):
        _prefetch(builder, args[0])
        return context.get_dummy_value()

    return types.void(types.intp), codegen


@intrinsic
def fence(typingctx):
    """Make the streaming stores before it visible before any later store (x86: `mfence`)."""

    def codegen(context, builder, signature, args):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), codegen


def _prefetch(builder, address):
    byte_pointer = ir.IntType(8).as_pointer()
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(ir.VoidType(), [byte_pointer, _INT32, _INT32, _INT32]),
        "llvm.prefetch.p0",
    )
    # Into the second cache: the first one's few places for what is on its way are also those that
    # streaming stores wait in (10 % of the speed of a crop).
    read, keep, data = _INT32(0), _INT32(2), _INT32(1)
    builder.call(function, [builder.inttoptr(address, byte_pointer), read, keep, data])


def _stream(builder, value, address):
    """Store one vector of a whole cache line past the caches."""
    pointer = builder.inttoptr(address, value.type.as_pointer())
    instruction = builder.store(value, pointer, align=LINE)
    mark = builder.module.add_metadata([ir.Constant(_INT32, 1)])
    instruction.set_metadata("nontemporal", mark)


def _vector_at(builder, address, vector_type):
    """Load one vector from an address with no alignment to rely on."""
    return builder.load(builder.inttoptr(address, vector_type.as_pointer()), align=1)


def _each_line(builder, lines, source_bytes, coming, write):
    """Call `write` for each of `lines`, and ask for what lies at `coming` in step with them.

    One line of the source is asked for where one has been used up: all of a row at once would
    leave no place for the stores (5 % of the speed of a crop).
    """

    def whole(count):
        return ir.Constant(lines.type, count)

    between = max(LINE // source_bytes, 1)
    groups = builder.udiv(lines, whole(between))
    with cgutils.for_range(builder, groups) as loop:
        first = builder.mul(loop.index, whole(between))
        _prefetch(builder, builder.add(coming, builder.mul(first, whole(source_bytes))))
        for behind in range(between):
            write(builder.add(first, whole(behind)))
    done = builder.mul(groups, whole(between))
    if between > 1:
        with cgutils.for_range(builder, builder.sub(lines, done)) as loop:
            write(builder.add(done, loop.index))


@intrinsic
def stream_copy(typingctx, target, source, lines, coming):
    """Copy whole cache lines past the caches; `target` is a multiple of 64.

    Meanwhile as much at the address `coming` is asked for.
    """

    def codegen(context, builder, signature, args):
        target_address, source_address, count, coming_address = args
        vector_type = ir.VectorType(_INT32, LINE // 4)

        def copy(index):
            offset = builder.mul(index, ir.Constant(count.type, LINE))
            value = _vector_at(builder, builder.add(source_address, offset), vector_type)
            _stream(builder, value, builder.add(target_address, offset))

        _each_line(builder, count, LINE, coming_address, copy)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp, types.intp), codegen


def _converted(builder, value, source, target, vector_type):
    """Convert a vector of Numba type `source` to floats, or to wider integers, of `target`."""
    if source == target:
        return value
    if isinstance(target, types.Integer):
        widen = builder.sext if source.signed else builder.zext
        return widen(value, vector_type)
    if isinstance(source, types.Integer):
        convert = builder.sitofp if source.signed else builder.uitofp
        return convert(value, vector_type)
    if source.bitwidth < target.bitwidth:
        return builder.fpext(value, vector_type)
    if source.bitwidth > target.bitwidth:
        return builder.fptrunc(value, vector_type)
    return value


@intrinsic
def stream_affine(typingctx, target, source, scale, offset, center, low, high, lines, coming, out):
    """Store the values of `source`, as `convert` defines them, as whole lines past the caches.

    `target` is an address, a multiple of 64; `out` gives its dtype: float32 or float64, or without
    tables a wider integer. Those tables that are not None are of this dtype or a wider one, which
    is calculated in. Product and sum are two instructions, each rounded: fused, they would differ
    from NumPy in the last bit.
    Meanwhile as much at the address `coming` is asked for as is read.
    """
    source_type, target_type = source.dtype, out.dtype
    has_tables = not isinstance(scale, types.NoneType)
    has_center = not isinstance(center, types.NoneType)
    inner_type = scale.dtype if has_tables else target_type
    has_limits = not isinstance(low, types.NoneType)

    def codegen(context, builder, signature, args):
        target_address, source_array, scale_array, offset_array, center_array = args[:5]
        low_array, high_array, count, coming_address = args[5:9]

        def address_of(array_type, array):
            data = arrayobj.make_array(array_type)(context, builder, array).data
            return builder.ptrtoint(data, count.type)

        source_address = address_of(source, source_array)
        lanes = LINE * 8 // target_type.bitwidth
        target_vector = ir.VectorType(context.get_data_type(target_type), lanes)
        source_vector = ir.VectorType(context.get_data_type(source_type), lanes)
        inner_vector = ir.VectorType(context.get_data_type(inner_type), lanes)
        inner_bytes = lanes * inner_type.bitwidth // 8
        source_bytes = lanes * source_type.bitwidth // 8

        def convert(index):
            shift = builder.mul(index, ir.Constant(count.type, LINE))
            table_step = builder.mul(index, ir.Constant(count.type, inner_bytes))
            step = builder.mul(index, ir.Constant(count.type, source_bytes))
            value = _vector_at(builder, builder.add(source_address, step), source_vector)
            value = _converted(builder, value, source_type, inner_type, inner_vector)

            def factors(array_type, array):
                place = builder.add(address_of(array_type, array), table_step)
                return _vector_at(builder, place, inner_vector)

            if has_center:
                value = builder.fsub(value, factors(center, center_array))
            if has_tables:
                value = builder.fmul(value, factors(scale, scale_array))
                value = builder.fadd(value, factors(offset, offset_array))
            if has_limits:
                # Ordered comparisons are false for NaN, which so passes.
                limit = factors(low, low_array)
                value = builder.select(builder.fcmp_ordered("<", value, limit), limit, value)
                limit = factors(high, high_array)
                value = builder.select(builder.fcmp_ordered(">", value, limit), limit, value)
            value = _converted(builder, value, inner_type, target_type, target_vector)
            _stream(builder, value, builder.add(target_address, shift))

        _each_line(builder, count, source_bytes, coming_address, convert)
        return context.get_dummy_value()

    integers = types.intp, types.intp
    tables = scale, offset, center, low, high
    return types.void(types.intp, source, *tables, *integers, out), codegen
