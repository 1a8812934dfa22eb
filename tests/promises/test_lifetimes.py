"""Promise: the owner lives as long as any alias, and is released when the last one dies."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import numpy as np
import pytest

import samebytes as sb

tf = pytest.importorskip("tensorflow")


class Owner:
    """Memory whose death can be seen."""

    def __init__(self):
        self._memory = sb.zeros((16, 64), "float32")
        self._memory += np.arange(64, dtype="float32")
        self.__array_interface__ = self._memory.__array_interface__


def owned():
    """Return an array and a weak reference to the owner of its memory, which nobody else holds."""
    owner = Owner()
    return np.asarray(owner).view(sb.Array), weakref.ref(owner)


def died(reference, seconds=5.0):
    """Return whether the owner dies soon: TensorFlow may let go on another thread."""
    end = time.monotonic() + seconds
    while reference() is not None and time.monotonic() < end:
        gc.collect()
        tf.raw_ops.Identity(input=np.zeros(1))  # TensorFlow drops what it owes on a later call
        time.sleep(0.01)
    return reference() is None


ALIASES = {
    "as_tensor": lambda x: sb.as_tensor(x, copy=False),
    "convert_to_tensor": lambda x: tf.convert_to_tensor(x),
    "a slice of rows": lambda x: sb.as_tensor(x)[4:8],
    "a reshape": lambda x: tf.reshape(sb.as_tensor(x), [-1]),
    "back as an array": lambda x: sb.as_array(sb.as_tensor(x)),
    "a view of that": lambda x: sb.as_array(sb.as_tensor(x))[2:3, ::2],
    "a memoryview of that": lambda x: memoryview(sb.as_array(sb.as_tensor(x))),
    "a row of a dataset": lambda x: next(iter(tf.data.Dataset.from_tensor_slices(sb.as_tensor(x)))),
    "a dataset": lambda x: tf.data.Dataset.from_tensor_slices(sb.as_tensor(x)),
    "an iterator": lambda x: iter(tf.data.Dataset.from_tensor_slices(sb.as_tensor(x))),
}


@pytest.mark.parametrize("name", ALIASES)
def test_alive_with_the_alias_and_released_after_it(name):
    array, reference = owned()
    alias = ALIASES[name](array)
    del array
    gc.collect()
    assert reference() is not None
    if hasattr(alias, "shape") and not isinstance(alias, memoryview):
        assert float(np.asarray(alias).max()) > 0
    del alias
    assert died(reference)


def test_a_variable_takes_the_values_and_frees_the_owner():
    array, reference = owned()
    variable = tf.Variable(sb.as_tensor(array))
    variable.assign_add(tf.ones_like(variable))
    expected = np.array(array) + 1
    np.testing.assert_array_equal(array + 1, expected)
    del array
    np.testing.assert_array_equal(variable, expected)
    del variable
    assert died(reference)


def test_a_traced_function_keeps_what_it_captured():
    array, reference = owned()
    function = tf.function(lambda: tf.reduce_sum(sb.as_tensor(array)))
    expected = function()
    gc.collect()
    assert reference() is not None
    assert function() == expected


def test_the_gathered_copy_lives_with_its_tensor_only():
    array, reference = owned()
    tensor = sb.as_tensor(array[:, ::2])
    expected = np.array(array[:, ::2])
    del array
    assert died(reference)
    np.testing.assert_array_equal(tensor, expected)


def test_released_by_whatever_thread_holds_the_last_alias():
    array, reference = owned()
    box = [sb.as_tensor(array, copy=False)]
    del array

    def drop():
        time.sleep(0.05)
        box.clear()

    thread = threading.Thread(target=drop)
    thread.start()
    thread.join()
    assert died(reference)


def test_many_threads_share_and_drop_at_once():
    owners = []

    def work():
        for _ in range(30):
            owner = Owner()
            owners.append(weakref.ref(owner))
            tensor = sb.as_tensor(np.asarray(owner), copy=False)
            del owner
            assert float(tf.reduce_sum(tensor)) > 0

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(died(reference) for reference in owners)


def test_shared_memory_stays_while_an_alias_lives(run_script):
    script = """
from multiprocessing import shared_memory
import numpy as np, samebytes as sb
block = shared_memory.SharedMemory(create=True, size=4096)
array = sb.as_array(block, "float32")
array[...] = 3
tensor = sb.as_tensor(array, copy=False)
block.unlink()
del block, array
import gc; gc.collect()
assert float(np.asarray(tensor).sum()) == 3 * 1024
"""
    assert_quiet(run_script(script))


@pytest.mark.parametrize(
    "alive",
    [
        "kept = sb.as_tensor(x, copy=False)",
        "kept = sb.as_array(sb.as_tensor(x))",
        "kept = iter(tf.data.Dataset.from_tensor_slices(x).prefetch(4)); next(kept)",
        "kept = tf.function(lambda: tf.reduce_sum(sb.as_tensor(x))); kept()",
        "import builtins; builtins.kept = (x, sb.as_tensor(x), [sb.as_tensor(x[:, ::2])])",
        "cycle = [sb.as_tensor(x)]; cycle.append(cycle)",
    ],
)
def test_exit_with_living_aliases_is_clean(run_script, alive, tmp_path):
    script = f"""
import numpy as np, samebytes as sb, tensorflow as tf
np.save({str(tmp_path / "x.npy")!r}, np.zeros((64, 64), "float32"))
for x in (sb.zeros((64, 64), "float32"), sb.open({str(tmp_path / "x.npy")!r})):
    {alive}
"""
    assert_quiet(run_script(script))


def test_exit_while_threads_gather_is_clean(run_script):
    # Only gathers: before Python 3.14 a daemon thread that the end of the interpreter finds inside
    # TensorFlow is unwound through C++, which aborts, whoever called TensorFlow.
    script = """
import threading, samebytes as sb
x = sb.zeros((2048, 2048), "float32")
def work():
    while True:
        sb.aligned(x.T), sb.as_array(memoryview(x))
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
import time; time.sleep(0.5)
"""
    assert_quiet(run_script(script))


def test_exit_after_threads_have_shared_is_clean(run_script):
    script = """
import threading, samebytes as sb
x = sb.zeros((2048, 2048), "float32")
kept = [sb.as_tensor(x)]  # imported here: CPython refuses some imports once the main thread ends
def work():
    for _ in range(20):
        kept.append((sb.as_tensor(x), sb.as_tensor(x.T)))
for _ in range(3):
    threading.Thread(target=work).start()
"""
    assert_quiet(run_script(script))


def assert_quiet(child):
    assert child.returncode == 0, child.stderr[-2000:]
    assert "Traceback" not in child.stderr, child.stderr[-2000:]
    assert "Exception ignored" not in child.stderr, child.stderr[-2000:]
