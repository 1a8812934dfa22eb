"""Promise: whatever array comes, the verdict is the truth and the process lives."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("tensorflow")

CASES = 1000


@pytest.mark.parametrize("start", range(2))
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


@pytest.mark.parametrize(
    "opened",
    [
        'np.load(path, mmap_mode="r")',
        'np.memmap(path, "f8", offset=128, shape=(100, 1000))',
        "np.frombuffer(mmap.mmap(os.open(path, os.O_RDWR), 0), offset=128).reshape(100, -1)",
    ],
    ids=["np.load", "np.memmap", "mmap"],
)
def test_a_dataset_over_a_file_that_others_mapped_tells_that_it_shrank(tmp_path, opened):
    """Touching the array afterwards dies: what a batch would do without being told."""
    script = f"""
import mmap, os, sys
import numpy as np, samebytes as sb
path = sys.argv[1]
np.save(path, np.ones((100, 1000)))
array = {opened}
batches = iter(sb.Dataset.from_tensor_slices(array).batch(4).prefetch(0))
assert next(batches).sum() == 4000
os.truncate(path, 4096)
try:
    next(batches)
except sb.WrongSize as error:
    print(error, flush=True)
array.sum()
"""
    child = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "x.npy")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONFAULTHANDLER": ""},
    )
    named = "A mapped file" if "frombuffer" in opened else str(tmp_path / "x.npy")
    assert child.stdout.startswith(named), child.stderr
    assert "expected at least 800,128 bytes, found 4,096 bytes" in child.stdout
    assert child.returncode < 0, "touching the pages was expected to kill: the test can fail"
