"""The few machine operations that Numba has no Python for: typed memory and streaming stores.

Addresses are plain integers here, as `array.ctypes.data` gives them. Nothing in this file checks
bounds: `job.prepare` does, for the whole batch, before the first address is formed.
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
    "keep_apart",
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

PHASES = 3
"""Lines after which the factors of three channels begin anew, and those of 1, 2, 4, 6 and 8."""

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


@intrinsic
def keep_apart(typingctx):
    """Keep the function that this stands in from being repeated where it is called.

    What is called once a row costs nothing as a call, and is then translated once.
    """

    def codegen(context, builder, signature, args):
        builder.function.attributes.add("noinline")
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


def _each_group(builder, begin, end, source_bytes, coming, write, size=None):
    """Call `write` for lines `begin` to `end` in groups, and return which lines are left over.

    In step with them, one line of the source at `coming` is asked for where one has been used up:
    all of a row at once would leave no place for the stores (5 % of the speed of a crop). `write`
    is given the number of a line, and which one of its group it is.
    """

    def whole(count):
        return ir.Constant(end.type, count)

    between = max(LINE // source_bytes, 1)
    size = between if size is None else size
    groups = builder.udiv(builder.sub(end, begin), whole(size))
    with cgutils.for_range(builder, groups) as loop:
        first = builder.add(begin, builder.mul(loop.index, whole(size)))
        for behind in range(size):
            line = builder.add(first, whole(behind))
            if behind % between == 0:
                _prefetch(builder, builder.add(coming, builder.mul(line, whole(source_bytes))))
            write(line, behind)
    return builder.add(begin, builder.mul(groups, whole(size)))


def _each_line(builder, begin, end, source_bytes, coming, write):
    """Call `write` for each of the lines `begin` to `end`."""
    done = _each_group(builder, begin, end, source_bytes, coming, write)
    if source_bytes < LINE:
        with cgutils.for_range(builder, builder.sub(end, done)) as loop:
            write(builder.add(done, loop.index), 0)


@intrinsic
def stream_copy(typingctx, target, source, lines, coming):
    """Copy whole cache lines past the caches; `target` is a multiple of 64.

    Meanwhile as much at the address `coming` is asked for.
    """

    def codegen(context, builder, signature, args):
        target_address, source_address, count, coming_address = args
        vector_type = ir.VectorType(_INT32, LINE // 4)

        def copy(index, _):
            offset = builder.mul(index, ir.Constant(count.type, LINE))
            value = _vector_at(builder, builder.add(source_address, offset), vector_type)
            _stream(builder, value, builder.add(target_address, offset))

        _each_line(builder, ir.Constant(count.type, 0), count, LINE, coming_address, copy)
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
def stream_affine(  # noqa: C901 - the steps of a loop, each a function
    typingctx, target, source, scale, offset, center, low, high, lines, coming, repeats, out
):
    """Store the values of `source`, as `convert` defines them, as whole lines past the caches.

    `target` is an address, a multiple of 64; `out` gives its dtype: float32 or float64, or without
    tables a wider integer. Those tables that are not None are of this dtype or a wider one, which
    is calculated in. Product and sum are two instructions, each rounded: fused, they would differ
    from NumPy in the last bit. Meanwhile as much at the address `coming` is asked for as is read.

    Where factors repeat (`repeats`) after `PHASES` lines, they are read once and stay in
    registers: a center more costs nothing then (from the cache, 10 % of the speed of the kernel).
    """
    source_type, target_type = source.dtype, out.dtype
    names, tables = ("scale", "offset", "center", "low", "high"), (scale, offset, center, low, high)
    inner_type = target_type if isinstance(scale, types.NoneType) else scale.dtype

    def codegen(context, builder, signature, args):
        target_address, source_array = args[:2]
        count, coming_address, repeat = args[7:10]

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

        begin = ir.Constant(count.type, 0)
        addresses = {
            name: address_of(table, array)
            for name, table, array in zip(names, tables, args[2:7], strict=True)
            if not isinstance(table, types.NoneType)
        }

        def factors_at(index):
            step = builder.mul(index, ir.Constant(count.type, inner_bytes))
            return {
                name: _vector_at(builder, builder.add(address, step), inner_vector)
                for name, address in addresses.items()
            }

        def convert(index, factors):
            shift = builder.mul(index, ir.Constant(count.type, LINE))
            step = builder.mul(index, ir.Constant(count.type, source_bytes))
            value = _vector_at(builder, builder.add(source_address, step), source_vector)
            value = _converted(builder, value, source_type, inner_type, inner_vector)
            if "center" in factors:
                value = builder.fsub(value, factors["center"])
            if "scale" in factors:
                value = builder.fmul(value, factors["scale"])
                value = builder.fadd(value, factors["offset"])
            if "low" in factors:
                # Ordered comparisons are false for NaN, which so passes.
                least, most = factors["low"], factors["high"]
                value = builder.select(builder.fcmp_ordered("<", value, least), least, value)
                value = builder.select(builder.fcmp_ordered(">", value, most), most, value)
            value = _converted(builder, value, inner_type, target_type, target_vector)
            _stream(builder, value, builder.add(target_address, shift))

        def convert_repeated():
            """Convert groups of lines whose factors stay in registers; return how many lines."""
            size = PHASES * max(LINE // source_bytes, 1)
            enough = builder.icmp_unsigned(">=", count, ir.Constant(count.type, size))
            done = cgutils.alloca_once_value(builder, begin)
            with builder.if_then(builder.and_(repeat, enough)):
                kept = [factors_at(ir.Constant(count.type, phase)) for phase in range(PHASES)]

                def convert_kept(index, behind):
                    convert(index, kept[behind % PHASES])

                facts = source_bytes, coming_address, convert_kept, size
                builder.store(_each_group(builder, begin, count, *facts), done)
            return builder.load(done)

        def convert_any(index, _):
            convert(index, factors_at(index))

        first = convert_repeated() if addresses else begin
        _each_line(builder, first, count, source_bytes, coming_address, convert_any)
        return context.get_dummy_value()

    rest = types.intp, types.intp, types.boolean, out
    return types.void(types.intp, source, *tables, *rest), codegen
