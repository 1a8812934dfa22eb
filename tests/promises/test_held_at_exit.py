"""Promise: nothing is said at exit, whoever still holds a block, and however late it is let go."""

from __future__ import annotations

import os

import pytest

SETUP = """
import ctypes, gc, os, string, sys, threading, time, types
import numpy as np, samebytes as sb
import samebytes.engine.iterator
from samebytes.memory.pool import Pool
from multiprocessing.shared_memory import SharedMemory

def batches(form="numpy"):
    images = np.arange(2000 * 48, dtype=np.uint16).reshape(2000, 4, 4, 3)
    ds = sb.Dataset.from_tensor_slices((images, np.arange(2000))).shuffle(seed=0)
    return ds.map(sb.Rescaling(0.5)).batch(8).with_options(threads=2).with_format(form)

# As frameworks do, who hold functions and modules in C: what lives on is not collected at exit,
# it is emptied, so that functions find None in their globals.
KEPT = {"samebytes", "numpy", "string", "threading", "weakref", "os", "queue"}
for name, module in tuple(sys.modules.items()):
    if name.split(".")[0] in KEPT:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(module))

class Late:
    "Lets go of what it holds in its destructor, which knows neither globals nor built-ins."
    def __init__(self, held): self.held = held
    def __del__(self): self.held = None
"""

BLOCKS = {
    "a pool's block": "held = Pool(4096, most=2).take()",
    "two blocks of a pool": "pool = Pool(4096, most=2); held = [pool.take() for _ in range(5)]",
    "a batch": "it = iter(batches()); held = next(it)",
    "a batch, its iterator collected": "held = next(iter(batches()))",
    "an iterator in the middle of its epoch": "held = iter(batches()); next(held)",
    "an iterator on its way in a loop": "held = enumerate(batches()); next(held)",
    "an array of anything exported": "held = sb.as_array(memoryview(bytearray(64)))",
    "an array that was mapped": """
import tempfile
with tempfile.TemporaryDirectory() as folder:
    np.save(folder + "/x.npy", np.arange(9)); held = sb.open(folder + "/x.npy")
""",
    "an array with an owner": """
class Interface: __array_interface__ = np.arange(9).__array_interface__
class Buffer:
    def __init__(self): self.values = np.arange(9.0)
    def __buffer__(self, flags): return memoryview(self.values)
held = [sb.as_array(Interface()), sb.as_array(Buffer())]
""",
    "shared memory": """
memory = SharedMemory(create=True, size=64)
held = sb.as_array(memory); memory.unlink()
""",
}

TENSORS = {
    "tensors": """
it = iter(batches("tensorflow"))
held = [next(it), sb.as_tensor(Pool(4096, most=2).take())]
""",
    "a tf.data iterator in the middle of its epoch": """
ds = batches().to_tf()
held = iter(ds)
next(held)
""",
    "batches of to_keras": "keras = batches().to_keras(); held = [keras[0], keras[1], keras[2]]",
}

HOLDERS = {
    "a global": "",
    "a reference that is never given back": "ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))",
    "a built-in module": "import builtins; builtins.held = held; del held",
    "a module of its own": """
sys.modules["aaa"] = types.ModuleType("aaa"); sys.modules["aaa"].held = held; del held
""",
    "the sys module": "sys.held = held; del held",
    "a module that came first": "string.held = held; del held",
    "a module that came first, behind a destructor": "string.held = Late(held); del held",
    "a late destructor": "late = Late(held); sys.late = late; del held, late",
    "a capsule": """
new = ctypes.pythonapi.PyCapsule_New
new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
release = ctypes.cast(ctypes.pythonapi.Py_DecRef, ctypes.c_void_p)
again = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
context = ctypes.pythonapi.PyCapsule_SetContext
context.argtypes = [ctypes.py_object, ctypes.py_object]
capsule = new(id(held), None, None)
ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))
context(capsule, held)
sys.capsule = capsule
""",
    "a thread that goes on": """
def hold(kept):
    while True: time.sleep(0.01); kept
threading.Thread(target=hold, args=(held,), daemon=True).start(); del held
""",
    "a cycle": "cycle = [held]; cycle.append(cycle); del held, cycle",
    "a cycle in the sys module": """
late = Late(held); late.itself = late; sys.late = late; del held, late
""",
    "a thread's local": "local = threading.local(); local.held = held; del held",
    "a traceback": """
def fail(kept): raise KeyError
try: fail(held)
except KeyError as error: sys.last_value = error
del held
""",
    "an exit function": "import atexit; atexit.register(lambda kept: None, held); del held",
}


MARK = "what is said from here on is said at exit"

NEEDS_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

FORKED = """
import warnings; warnings.simplefilter("ignore", DeprecationWarning)
child = os.fork()
if child: assert os.waitpid(child, 0)[1] == 0
"""


def assert_silent(run_script, *parts):
    script = "\n".join([SETUP, *parts, f"os.write(2, b{MARK!r})"])
    child = run_script(script, warnings="default")
    said, *at_exit = child.stderr.split(MARK)
    assert (child.returncode, child.stdout) == (0, ""), said
    assert at_exit
    assert set(at_exit) == {""}


def all_of(blocks):
    return "everything = []\n" + "\n".join(f"{block}\neverything.append(held)" for block in blocks)


@pytest.mark.parametrize("holder", HOLDERS)
def test_who_holds_what_at_exit_hears_nothing(run_script, holder):
    assert_silent(run_script, all_of(BLOCKS.values()), "held = everything", HOLDERS[holder])


@NEEDS_FORK
@pytest.mark.parametrize("holder", ["a global", "a module that came first"])
def test_nor_does_who_holds_it_in_a_forked_child(run_script, holder):
    assert_silent(run_script, all_of(BLOCKS.values()), FORKED, "held = everything", HOLDERS[holder])


@pytest.mark.parametrize("holder", ["a global", "a module that came first"])
def test_nor_does_who_holds_it_through_tensorflow(run_script, holder):
    assert_silent(run_script, all_of(TENSORS.values()), "held = everything", HOLDERS[holder])
