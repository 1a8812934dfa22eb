"""The handler of SIGBUS in machine code, and the table through which it is told what to do.

A handler runs in the middle of anything, also without the GIL. So it is machine code, made once by
the compiler that Numba brings along (5 ms); it takes no lock, and calls mmap, sigaction and raise
alone. All it knows lies in a table at an address that never changes.
"""

from __future__ import annotations

import ctypes
import mmap
from typing import Any

__all__ = [
    "ACTIONS_AT",
    "BEGIN",
    "DEPTH",
    "END",
    "FLAGS",
    "HANDLERS",
    "HIT",
    "HITS",
    "NAME",
    "NOWHERE",
    "ROW",
    "ROWS_AT",
    "SLOTS",
    "WHOLE",
    "WORD",
    "Action",
    "machine_code",
]

SLOTS = 1 << 15
"""Ranges that can be watched at a time; the kernel lets a process have 65,530 mappings."""

HANDLERS = 16
"""Handlers of others that can stand behind ours."""

# The table: what all share, the handlers behind ours, and a row for each range. In words of eight
# bytes, since every access to one is then a single step.
WORD = 8
HITS, DEPTH = 0, 1
ACTIONS_AT = 8 * WORD
ROW = 4
BEGIN, END, HIT, WHOLE = range(ROW)
NOWHERE = (1 << 63) - 1

# Of the C library, alike on the two kinds of machine that `_is_supported` lets in.
_ADDRESS_ERROR, _AT_CODE, _AT_ADDRESS = 2, 8, 16
FLAGS = 0x4 | 0x0800_0000
"""The handler is told the address, and runs on the thread's other stack where it has one."""
_READ, _READ_WRITE = 0x1, 0x3
_FIXED_PRIVATE_ANONYMOUS_UNRESERVED = 0x10 | 0x02 | 0x20 | 0x4000


class Action(ctypes.Structure):
    """``struct sigaction``."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_uint64 * 16),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


ROWS_AT = ACTIONS_AT + HANDLERS * ctypes.sizeof(Action)

NAME = "samebytes_on_bus_error"


def machine_code(table: int, libc: Any) -> Any:
    """Compile the handler; give the compiler's object, which has to be kept."""
    # Imported here, where a file is first read: half of 0.1 s that others need not wait for.
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_default_triple().create_target_machine(opt=1)
    # A context of its own: another thread may be compiling a kernel in the one that all share.
    parsed = binding.parse_assembly(_written(table, libc), binding.create_context())
    parsed.verify()
    code = binding.create_mcjit_compiler(parsed, target)
    code.finalize_object()
    return code


def _written(table: int, libc: Any) -> str:
    """Return the handler in LLVM's language."""
    from llvmlite import ir

    word, number, nothing = ir.IntType(64), ir.IntType(32), ir.VoidType()
    module = ir.Module(NAME)
    handler = ir.Function(module, ir.FunctionType(nothing, [number, word, word]), NAME)
    sort, information, _ = handler.args
    names = "entry", "look", "compare", "found", "next", "known", "alone", "rest", "stranger"
    blocks = {name: handler.append_basic_block(name) for name in (*names, "sent", "end")}
    at = ir.IRBuilder(blocks["entry"])

    def pointer(address: Any, kind: Any) -> Any:
        return at.inttoptr(address, kind.as_pointer())

    def load(address: Any, kind: Any = word) -> Any:
        found = at.load(pointer(address, kind))
        found.volatile = True
        return found

    def store(value: Any, address: Any) -> None:
        at.store(value, pointer(address, word)).volatile = True

    def call(function: Any, result: Any, *given: Any) -> Any:
        address = ctypes.cast(function, ctypes.c_void_p).value
        kind = ir.FunctionType(result, [one.type for one in given])
        return at.call(at.inttoptr(word(address), kind.as_pointer()), given)

    def lay_zeros(begin: Any, length: Any, rights: Any) -> Any:
        how = number(_FIXED_PRIVATE_ANONYMOUS_UNRESERVED)
        laid = call(libc.mmap, word, begin, length, rights, how, number(-1), word(0))
        return at.icmp_signed("==", laid, begin)

    shared = [word(table + WORD * place) for place in (HITS, DEPTH)]
    # Its reason (si_code), and the address (si_addr).
    code = load(at.add(information, word(_AT_CODE)), number)
    address = load(at.add(information, word(_AT_ADDRESS)))
    missing = at.icmp_signed("==", code, number(_ADDRESS_ERROR))
    at.cbranch(missing, blocks["look"], blocks["stranger"])
    # Every row in whose range the address lies is noted; the last of them decides.
    at.position_at_end(blocks["look"])
    place, last = at.phi(word), at.phi(word)
    place.add_incoming(word(0), blocks["entry"])
    last.add_incoming(word(0), blocks["entry"])
    at.cbranch(at.icmp_signed("<", place, word(SLOTS)), blocks["compare"], blocks["known"])
    at.position_at_end(blocks["compare"])
    row = at.add(word(table + ROWS_AT), at.mul(place, word(ROW * WORD)))
    begin, end = load(row), load(at.add(row, word(WORD * END)))
    behind = at.icmp_signed("<=", begin, address)
    within = at.and_(behind, at.icmp_signed("<", address, end))
    at.cbranch(within, blocks["found"], blocks["next"])
    # Noted before the zeros are there, so that whoever has read them finds the note.
    at.position_at_end(blocks["found"])
    store(word(1), at.add(row, word(WORD * HIT)))
    at.atomic_rmw("add", pointer(shared[HITS], word), word(1), "seq_cst")
    at.branch(blocks["next"])
    at.position_at_end(blocks["next"])
    matching = at.phi(word)
    matching.add_incoming(last, blocks["compare"])
    matching.add_incoming(row, blocks["found"])
    following = at.add(place, word(1))
    place.add_incoming(following, blocks["next"])
    last.add_incoming(matching, blocks["next"])
    at.branch(blocks["look"])
    # Where nobody else looks, zeros go over all of it.
    at.position_at_end(blocks["known"])
    with at.if_then(at.icmp_signed("==", last, word(0)), likely=False):
        at.branch(blocks["stranger"])
    begin, end = load(last), load(at.add(last, word(WORD * END)))
    whole = at.icmp_signed("!=", load(at.add(last, word(WORD * WHOLE))), word(0))
    with at.if_then(whole):
        done = lay_zeros(begin, at.sub(end, begin), number(_READ))
        at.cbranch(done, blocks["end"], blocks["stranger"])
    at.branch(blocks["alone"])
    # Else over this page; or, where a process may not have so many mappings, all behind it.
    at.position_at_end(blocks["alone"])
    page = at.and_(address, word(-mmap.PAGESIZE))
    done = lay_zeros(page, word(mmap.PAGESIZE), number(_READ_WRITE))
    at.cbranch(done, blocks["end"], blocks["rest"])
    at.position_at_end(blocks["rest"])
    done = lay_zeros(page, at.sub(end, page), number(_READ_WRITE))
    at.cbranch(done, blocks["end"], blocks["stranger"])
    # Not ours: the handler that stood behind this one takes its place.
    at.position_at_end(blocks["stranger"])
    depth = at.sub(load(shared[DEPTH]), word(1))
    depth = at.select(at.icmp_signed("<", depth, word(0)), word(0), depth)
    store(depth, shared[DEPTH])
    action = at.mul(depth, word(ctypes.sizeof(Action)))
    call(libc.sigaction, number, sort, at.add(action, word(table + ACTIONS_AT)), word(0))
    # Of what was sent, and not caused by an access, nothing would happen again by itself.
    sent = at.icmp_signed("<=", code, number(0))
    at.cbranch(sent, blocks["sent"], blocks["end"])
    at.position_at_end(blocks["sent"])
    call(libc["raise"], number, sort)
    at.branch(blocks["end"])
    at.position_at_end(blocks["end"])
    at.ret_void()
    return str(module)
