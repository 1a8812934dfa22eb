"""Promise: a fork goes on, and the end of a process is clean at any moment."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SETUP = """
import threading, time, sys, os, gc
import numpy as np, samebytes as sb
def make(count=2000, function=None, threads=2):
    images = np.arange(count * 48, dtype=np.uint16).reshape(count, 4, 4, 3)
    ds = sb.Dataset.from_tensor_slices((images, np.arange(count))).shuffle(seed=0)
    ds = ds.map(sb.RandomCrop(3, 3), seed=1).map(sb.Rescaling(0.5))
    return (ds.map(function) if function else ds).batch(8).with_options(threads=threads)
"""


def assert_quiet(child):
    assert child.returncode == 0, child.stderr[-2000:]
    assert child.stderr == ""
    return child.stdout


EXITS = {
    "while filling": "it = iter(make()); next(it)",
    "at once": "it = iter(make())",
    "while the first batch is made": """
it = iter(make())
threading.Thread(target=lambda: list(it), daemon=True).start()
""",
    "with daemon consumers": """
def consume():
    while True:
        for _ in make(): pass
for _ in range(3): threading.Thread(target=consume, daemon=True).start()
time.sleep(0.4)
""",
    "with a daemon that waits for a slow function": """
def slow(x, y):
    time.sleep(0.3)
    return x, y
def consume():
    for _ in make(function=slow): pass
    print("the end of the process is not the end of the data")
threading.Thread(target=consume, daemon=True).start()
time.sleep(0.4)
""",
    "in a cycle": "it = iter(make()); next(it); cycle = [it]; cycle.append(cycle); del it, cycle",
    "in a built-in module": "import builtins; builtins.it = iter(make()); next(builtins.it)",
    "by sys.exit in the loop": "for _ in make(): sys.exit(0)",
    "with many": "its = [iter(make()) for _ in range(10)]; [next(it) for it in its]",
    "with batches kept": "it = iter(make()); kept = [next(it) for _ in range(20)]",
    "with a consumer thread that is waited for": """
threading.Thread(target=lambda: print(sum(1 for _ in make()))).start()
""",
    "with one made while exiting": """
import atexit
atexit.register(lambda: next(it, None))
it = iter(make()); next(it)
""",
}


@pytest.mark.parametrize("name", EXITS)
def test_exit_is_clean(run_script, name):
    said = assert_quiet(run_script(SETUP + EXITS[name]))
    assert "not the end of the data" not in said
    if "waited for" in name:
        assert said == "250\n"


def test_exit_while_compiling_is_clean(tmp_path):
    script = "sb.Dataset.from_tensor_slices(np.zeros((9, 4, 4, 3), 'int16'))"
    script += ".map(sb.Rescaling(2.0)).batch(3).iterate()"
    child = subprocess.run(
        [sys.executable, "-c", SETUP + script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
    )
    assert (child.returncode, child.stderr) == (0, "")


FORK = """
import warnings; warnings.simplefilter("ignore", DeprecationWarning)
def rest(it):
    import hashlib
    found = hashlib.sha256()
    for x, y in it: found.update(x.tobytes() + y.tobytes())
    return found.hexdigest()
def forked(child):
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(write, str(child()).encode())
        finally:
            os._exit(0)
    os.close(write)
    text = b""
    while part := os.read(read, 4096): text += part
    os.waitpid(pid, 0)
    return text.decode()
"""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@needs_fork
@pytest.mark.parametrize("taken", [0, 1, 7])
def test_a_child_goes_on_where_it_was_forked_and_the_parent_too(run_script, taken):
    said = assert_quiet(
        run_script(
            SETUP
            + FORK
            + f"""
for _ in range(5):
    it, other = make().iterate(0), make().iterate(0)
    for _ in range({taken}): next(it), next(other)
    expected = rest(other)
    assert forked(lambda: rest(it)) == expected
    assert rest(it) == expected
print("same")
"""
        )
    )
    assert said == "same\n"


@needs_fork
def test_a_fork_while_another_thread_takes_and_kernels_compile(tmp_path):
    script = (
        FORK
        + """
it = make().iterate(0)
stop = False
def consume():
    while not stop:
        for _ in make(): pass
thread = threading.Thread(target=consume); thread.start()
expected = rest(make().iterate(0))
for _ in range(8):
    assert forked(lambda: rest(make().iterate(0))) == expected
    time.sleep(0.003)
stop = True; thread.join()
print("same")
"""
    )
    child = subprocess.run(
        [sys.executable, "-c", SETUP + script],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
    )
    assert (child.returncode, child.stdout, child.stderr) == (0, "same\n", "")


@needs_fork
def test_collected_and_closed_in_a_child_it_leaves_the_parent_alone(run_script):
    assert_quiet(
        run_script(
            SETUP
            + FORK
            + """
it = make().iterate(0); next(it)
def child():
    global it
    other = it
    other.close()
    del it, other
    gc.collect()
    return "fine"
assert forked(child) == "fine"
assert len(list(it)) == 249
"""
        )
    )


@needs_fork
def test_workers_of_multiprocessing_each_read_their_shard(run_script):
    said = assert_quiet(
        run_script(
            SETUP
            + """
import warnings; warnings.simplefilter("ignore", DeprecationWarning)
import multiprocessing
def work(index):
    return sorted(int(n) for _, y in make().shard(2, index) for n in y)
list(make())
with multiprocessing.get_context("fork").Pool(2) as pool:
    found = pool.map(work, [0, 1])
print(sorted(found[0] + found[1]) == list(range(2000)))
"""
        )
    )
    assert said == "True\n"
