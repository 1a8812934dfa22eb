"""Promise: memory that is being read cannot be taken away, and afterwards it can."""

from __future__ import annotations

import os

import pytest

SETUP = """
import array, ctypes, gc, mmap, os, sys, tempfile, threading, time
from multiprocessing.shared_memory import SharedMemory
import numpy as np, samebytes as sb
ROWS, WIDTH = 4096, 512
SIZE = ROWS * WIDTH
VALUES = (np.arange(SIZE) % 251).astype("uint8").reshape(ROWS, WIDTH)
def mapped():
    file = tempfile.NamedTemporaryFile()
    VALUES.tofile(file.name)
    return mmap.mmap(os.open(file.name, os.O_RDWR), 0)
def anonymous():
    block = mmap.mmap(-1, SIZE)
    block[:] = VALUES.tobytes()
    return block
def memmap(mode="r"):
    file = tempfile.NamedTemporaryFile()
    VALUES.tofile(file.name)
    return np.memmap(file.name, np.uint8, mode, shape=VALUES.shape)
def shared():
    block = SharedMemory(create=True, size=SIZE)
    block.buf[:] = VALUES.tobytes()
    block.unlink()
    return block
def laid(block):
    return np.ndarray((ROWS, WIDTH), np.uint8, block)
def dataset(array):
    return sb.Dataset.from_tensor_slices(array).batch(64).with_options(threads=2)
def refused(take_away):
    try:
        take_away()
    except BufferError:
        return True
def gone(array):
    try:
        next(iter(dataset(array)))
    except sb.FileError:
        return True
"""

# A block, an array on it, and how its memory is taken away.
WAYS = {
    "mmap, close": "block = mapped(); x = laid(block); take_away = block.close",
    "mmap, resize": "block = mapped(); x = laid(block); take_away = lambda: block.resize(4096)",
    "anonymous, close": "block = anonymous(); x = laid(block); take_away = block.close",
    "anonymous, resize": "block = anonymous(); x = laid(block)\n"
    "take_away = lambda: block.resize(4096)",
    "np.memmap": "x = memmap(); take_away = x._mmap.close",
    "shared memory": "block = shared(); x = laid(block.buf); take_away = block.close",
    "a view of a view": "block = mapped(); x = laid(block)[::-1][::-1, :]; take_away = block.close",
    "as_strided": "block = mapped()\n"
    "flat = np.ndarray(SIZE, np.uint8, block)\n"
    "x = np.lib.stride_tricks.as_strided(flat, (ROWS, WIDTH), (WIDTH, 1))\n"
    "take_away = block.close",
    "copy on write": "x = memmap('c'); take_away = x._mmap.close",
    "bytearray": "block = bytearray(VALUES.tobytes()); x = laid(block)\n"
    "take_away = lambda: (block.clear(), block.extend(bytes(9)))",
    "array.array": "block = array.array('B', VALUES.tobytes()); x = laid(block)\n"
    "def take_away(): del block[:]; block.extend(bytes(9))",
    "joined": "block = mapped(); x = sb.concat([VALUES, laid(block)]); take_away = block.close",
}


@pytest.fixture
def run(run_script):
    def run_it(script):
        child = run_script(SETUP + script, warnings="default")
        assert (child.returncode, child.stderr) == (0, ""), child
        return child.stdout

    return run_it


ENDS = {
    "exhausted": "for b in it: assert b.any()",
    "closed": "it.close()",
    "collected": "del it; gc.collect()\nwhile refused(take_away): time.sleep(0.001)",
    "left by an error": """
try:
    for b in ds.map(lambda x: 1 / 0): pass
except ZeroDivisionError:
    it.close()
""",
}


@pytest.mark.parametrize("way", WAYS)
def test_memory_is_held_while_an_iterator_runs_and_let_go_when_it_has_ended(run, way):
    ends = "".join(
        f"""
{WAYS[way]}
ds = dataset(x)
it = iter(ds)
assert (next(it) == VALUES[:64]).all()
assert refused(take_away), "{end}"
assert (next(it) == VALUES[64:128]).all()
{code}
assert not refused(take_away) or "{end}" == "collected", "{end}"
assert gone(x), "{end}"
del it, ds
"""
        if end != "collected"
        else f"""
{WAYS[way]}
ds = dataset(x)
it = iter(ds)
assert (next(it) == VALUES[:64]).all()
assert refused(take_away)
{code}
assert gone(x)
"""
        for end, code in ENDS.items()
    )
    assert run(ends + "print('done')") == "done\n"


def test_an_iterator_that_was_not_begun_holds_nothing(run):
    run("block = mapped(); it = iter(dataset(laid(block))); block.close()")


def test_one_that_failed_holds_nothing(run):
    run("""
block, other = mapped(), mapped()
both = dataset((laid(block), laid(other)))
other.close()
it = iter(both)
for _ in range(2):
    try:
        next(it)
    except sb.FileError as error:
        kept = error
    except StopIteration:
        print("ended")
block.close()
""")


def test_each_of_two_iterators_holds(run):
    run("""
block = mapped()
ds = dataset(laid(block))
one, other = iter(ds), iter(ds)
next(one), next(other)
one.close()
assert refused(block.close)
assert sum(map(len, other)) == ROWS - 64
block.close()
""")


def test_an_epoch_after_an_epoch(run):
    run("""
block = mapped()
ds = dataset(laid(block))
for _ in range(3):
    for batch, start in zip(ds, range(0, ROWS, 64), strict=True):
        assert (batch == VALUES[start : start + 64]).all()
block.close()
assert gone(laid(mapped())) is None
try:
    next(iter(ds))
except sb.FileError as error:
    print(error)
""")


OTHERS = {
    "reference": "ds = sb.Dataset.from_tensor_slices(x).batch(4)\n"
    "read = lambda: ds.reference(range(ROWS))",
    "aligned": "read = lambda: sb.aligned(x.T, 'float64')",
    "adapt": "read = lambda: sb.Normalization.adapt(x)",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_readers_hold_too(run, name):
    said = run(f"""
block = mapped(); x = laid(block)
{OTHERS[name]}
failures = []
def reading():
    try:
        read()
    except sb.FileError as error:
        failures.append(error)
    finally:
        ended.set()
ended = threading.Event()
thread = threading.Thread(target=reading); thread.start()
held = 0
sys.setswitchinterval(1e-5)
while not ended.is_set():
    try:
        view = memoryview(block)
        view.release()
        # Tried where it can do no harm: a resize to the size it has.
        block.resize(SIZE)
    except BufferError:
        held += 1
thread.join()
assert not failures
block.close()
print(held > 0)
""")
    assert said == "True\n"


EXITS = {
    "with an iterator that runs": "it = iter(dataset(laid(block.buf))); next(it)",
    "with a batch kept": "it = iter(dataset(laid(block.buf))); kept = [next(it) for _ in '123']",
    "with an iterator in a cycle": "it = iter(dataset(laid(block.buf))); next(it)\n"
    "cycle = [it]; cycle.append(cycle); del it",
    "by sys.exit in the loop": "for _ in dataset(laid(block.buf)): sys.exit(0)",
    "with a daemon that consumes": """
def consume():
    while True:
        for _ in dataset(laid(block.buf)): pass
threading.Thread(target=consume, daemon=True).start(); time.sleep(0.3)
""",
    "in a forked child": """
import warnings; warnings.simplefilter("ignore", DeprecationWarning)
it = iter(dataset(laid(block.buf))); next(it)
if os.fork() == 0: sys.exit(0)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
""",
    "in a forked child that goes on": """
import warnings; warnings.simplefilter("ignore", DeprecationWarning)
it = iter(dataset(laid(block.buf))); next(it)
if os.fork() == 0:
    assert (next(it) == VALUES[64:128]).all()
    assert refused(block.close)
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
assert (next(it) == VALUES[64:128]).all()
""",
}


@pytest.mark.parametrize("name", EXITS)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_the_end_of_a_process_is_quiet(run, name):
    """SharedMemory closes when it is collected, and tells stderr where it may not."""
    run(f"block = shared()\n{EXITS[name]}")
