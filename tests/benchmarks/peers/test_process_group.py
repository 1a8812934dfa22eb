import os
import subprocess
import sys

import pytest

from benchmarks.peers.process_group import group_memory, members

HELD = 40_000_000

# A group of its own, whose worker computes for a while, then holds memory shared with nobody.
SCRIPT = """
import os, sys, time
import numpy as np
from benchmarks.peers.process_group import processor_seconds
os.setpgrp()
common = np.ones(HELD, np.uint8)
before = processor_seconds()
if os.fork() == 0:
    while time.process_time() < 0.5: pass
    own = np.ones(HELD, np.uint8)
    print("ready", flush=True)
    time.sleep(100)
sys.stdin.readline()
print(processor_seconds() - before, flush=True)
sys.stdin.readline()
os.killpg(0, 9)
"""


@pytest.fixture
def group():
    command = [sys.executable, "-c", SCRIPT.replace("HELD", str(HELD))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.communicate("\n\n")


def test_a_worker_is_a_member(group):
    assert len(members(group.pid)) == 2
    assert os.getpid() not in members(group.pid)


def test_the_processor_time_of_a_worker_counts(group):
    group.stdin.write("\n")
    assert 0.3 < float(group.stdout.readline()) < 5


def test_what_processes_share_counts_once(group):
    found = group_memory(group.pid)
    assert 2 * HELD < found < 2 * HELD + 80e6  # and not 3 times, and the interpreter


def test_memory_of_one_process_counts_what_it_holds():
    script = f"""
import os
os.setpgrp()
from benchmarks.peers.process_group import group_memory
import numpy as np
before = group_memory(os.getpid())
held = np.ones({HELD}, np.uint8)
print(group_memory(os.getpid()) - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert 0.9 * HELD < int(done.stdout) < 1.2 * HELD
