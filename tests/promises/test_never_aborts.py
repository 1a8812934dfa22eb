"""Promise: whatever array comes, the verdict is the truth and the process lives."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytest.importorskip("tensorflow")

CASES = 500


@pytest.mark.parametrize("start", range(4))
def test_random_arrays_in_a_child_process(start):
    child = subprocess.run(
        [sys.executable, "-m", "tests.promises.never_aborts", str(CASES), str(start)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-3000:]
    seen = json.loads(child.stdout)
    assert seen["cases"] >= CASES
    # The fast path, the slow one and the refusal all really ran.
    for outcome in ("shared", "copied", "refused"):
        assert seen[outcome] > CASES / 20, seen


def test_the_counting_sees_a_death():
    """Plain DLPack on memory 16 past a multiple of 64 dies: what the test above would show."""
    script = """
import numpy as np, tensorflow as tf
room = np.zeros(4096 + 128, np.uint8)
start = (16 - room.ctypes.data) % 64
x = room[start : start + 4096].view(np.float32)
t = tf.experimental.dlpack.from_dlpack(x.__dlpack__())
print(float(tf.reduce_sum(tf.add(t, t))))
"""
    child = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert child.returncode != 0
    assert "IsAligned" in child.stderr
