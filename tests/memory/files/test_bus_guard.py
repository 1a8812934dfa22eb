"""The handler of SIGBUS: what is ours is survived, all else is as it would be without it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from samebytes.memory.files import bus_guard

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="missing pages kill elsewhere")

SETUP = """
import faulthandler, mmap, os, signal, sys, tempfile, threading
import numpy as np
from samebytes.memory.files import bus_guard
from samebytes.memory.files.hold import Hold
PAGE = mmap.PAGESIZE
def mapped(pages=8):
    file = tempfile.NamedTemporaryFile()
    file.write(b"x" * pages * PAGE); file.flush()
    return file, np.memmap(file.name, np.uint8, "r").view(np.ndarray)
def ours():
    file, array = mapped()
    hold = Hold([array])
    (found,) = hold.arrays()
    os.truncate(file.name, 0)
    bus_guard.ensure_handler_first()
    assert not found.any()
    try: hold.check()
    except ValueError: print("survived", flush=True)
def theirs():
    file, array = mapped()
    os.truncate(file.name, 0)
    return array.sum()
"""


def run(script, *options):
    return subprocess.run(
        [sys.executable, *options, "-c", SETUP + script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONFAULTHANDLER": ""},
    )


def test_what_is_not_ours_ends_the_process_as_before():
    child = run("ours(); theirs()")
    assert (child.stdout, child.stderr) == ("survived\n", "")
    assert child.returncode == -signal.SIGBUS


ENABLED = {
    "before": "faulthandler.enable(); ours(); theirs()",
    "after": "ours(); faulthandler.enable(); ours(); theirs()",
    "after, and nobody looked": "ours(); faulthandler.enable(); theirs()",
    "again and again": """
for _ in range(50):
    faulthandler.enable(); ours(); faulthandler.disable(); ours()
faulthandler.enable(); ours(); theirs()
""",
}


@pytest.mark.parametrize("when", ENABLED)
def test_faulthandler_tells_once_of_what_is_not_ours(when):
    child = run(ENABLED[when])
    assert "survived" in child.stdout
    assert child.stderr.count("Fatal Python error: Bus error") == 1
    assert "in theirs" in child.stderr
    assert child.returncode == -signal.SIGBUS


def test_a_signal_that_was_sent_ends_the_process():
    child = run("ours(); os.kill(os.getpid(), signal.SIGBUS); print('alive')")
    assert (child.stdout, child.returncode) == ("survived\n", -signal.SIGBUS)


def test_a_handler_in_python_gets_the_signal_that_was_sent_and_ours_comes_back():
    child = run("""
signal.signal(signal.SIGBUS, lambda *_: print("told", flush=True))
ours()
os.kill(os.getpid(), signal.SIGBUS)
ours()
signal.signal(signal.SIGBUS, lambda *_: print("told anew", flush=True))
ours()
os.kill(os.getpid(), signal.SIGBUS)
ours()
""")
    assert child.stdout.split("\n") == [
        "survived", "told", "survived", "survived", "told anew", "survived", ""
    ]  # fmt: skip
    assert child.returncode == 0


def test_many_threads_may_meet_missing_pages_at_once():
    child = run("""
def read():
    for _ in range(20):
        file, array = mapped(64)
        holds = [Hold([array]) for _ in range(3)]
        start = threading.Barrier(4)
        def touch(hold):
            start.wait()
            for _ in range(20): hold.arrays()[0].max()
        threads = [threading.Thread(target=touch, args=[hold]) for hold in holds]
        for thread in threads: thread.start()
        start.wait()
        os.truncate(file.name, 0)
        for thread in threads: thread.join()
        for hold in holds:
            try: hold.check()
            except ValueError: continue
            raise AssertionError
readers = [threading.Thread(target=read) for _ in range(4)]
for reader in readers: reader.start()
for reader in readers: reader.join()
print("alive", bus_guard.hits() > 0)
""")
    assert (child.returncode, child.stdout) == (0, "alive True\n"), child.stderr


def test_a_child_is_guarded_too():
    child = run("""
ours()
import warnings; warnings.simplefilter("ignore", DeprecationWarning)
if os.fork() == 0:
    ours()
    os._exit(7)
print(os.waitstatus_to_exitcode(os.wait()[1]))
ours()
""")
    assert child.stdout == "survived\nsurvived\n7\nsurvived\n", child.stderr


def test_numba_is_not_loaded_for_it():
    child = run("ours(); print({'numba', 'tensorflow'} & set(sys.modules))")
    assert child.stdout == "survived\nset()\n", child.stderr


def test_a_range_is_forgotten_and_its_number_used_again():
    slot = bus_guard.watch(1 << 40, (1 << 40) + 4096, whole=True)
    assert not bus_guard.was_hit(slot)
    bus_guard.forget(slot)
    assert bus_guard.watch(1 << 40, (1 << 40) + 4096, whole=True) == slot
    bus_guard.forget(slot)


def test_when_all_ranges_are_taken_there_is_none():
    slots = []
    while (slot := bus_guard.watch(1 << 40, (1 << 40) + 4096, whole=True)) is not None:
        slots.append(slot)
    try:
        assert len(slots) > 30_000
    finally:
        for slot in slots:
            bus_guard.forget(slot)
    assert bus_guard.is_available()
