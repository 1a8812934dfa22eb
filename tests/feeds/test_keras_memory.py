"""`to_keras` holds no more batches than `to_tf`, in a real ``fit``, each in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import samebytes as sb

pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

BATCH_BYTES = 64 * 152 * 152 * 3 * 4
BLOCK_BYTES = -(-BATCH_BYTES // 4096) * 4096
ORDERED = {"shuffle": False, "epochs": 2}
WAYS = {
    "in order": ("fit", ORDERED),
    "shuffled": ("fit", {"epochs": 2}),
    "several steps a call": ("fit", {**ORDERED, "steps_per_execution": 8}),
    "validated": ("fit", {**ORDERED, "validated": True}),
    "endless": ("fit", {**ORDERED, "steps_per_epoch": 12, "endless": True}),
    "cut short": ("fit", {"shuffle": False, "epochs": 4, "steps_per_epoch": 6}),
    "continued": ("fit", {"epochs": 2, "position": True}),
    "evaluate": ("evaluate", {}),
    "predict": ("predict", {}),
    "two workers": ("fit", {**ORDERED, "workers": 2}),
    "two workers and a queue": ("fit", {**ORDERED, "workers": 2, "max_queue_size": 4}),
}


def measured(folder, *runs):
    command = [sys.executable, str(Path(__file__).with_name("batch_memory.py")), str(folder)]
    done = subprocess.run([*command, json.dumps(runs)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """What `to_tf` holds: who trains has a batch, and two are made ahead."""
    (found,) = measured(tmp_path_factory.mktemp("theirs"), ("to_tf", "fit", ORDERED))
    assert found["leased"] in {3, 4}
    return found


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """What `to_keras` holds in each of the ways."""
    runs = [("to_keras", *way) for way in WAYS.values()]
    return dict(zip(WAYS, measured(tmp_path_factory.mktemp("ours"), *runs), strict=True))


@pytest.mark.parametrize("way", [way for way in WAYS if "workers" not in way])
def test_no_more_batches_are_alive_than_of_to_tf(ours, theirs, way):
    # Whether a block is back before the next is asked for is a matter of microseconds, in both.
    assert ours[way]["leased"] <= theirs["leased"] + 1, (ours[way], theirs)
    assert ours[way]["pooled"] <= theirs["pooled"] + BLOCK_BYTES, (ours[way], theirs)


def test_the_process_is_no_larger_than_with_to_tf(ours, theirs):
    # Apart from batches, what TensorFlow and malloc take differs from run to run.
    assert ours["in order"]["resident"] <= 1.2 * theirs["resident"] + BATCH_BYTES, (ours, theirs)


@pytest.mark.parametrize("side", [90, 104], ids=["6 MB", "8 MB"])
def test_of_small_batches_no_more_bytes_are_held_than_by_to_tf(tmp_path, side):
    theirs, ours = measured(
        tmp_path,
        ("to_tf", "fit", {**ORDERED, "side": side}),
        ("to_keras", "fit", {**ORDERED, "side": side}),
    )
    # Several of them lie in a block of 16 MB.
    assert ours["pooled"] <= theirs["pooled"] + (16 << 20), (ours, theirs)


def test_workers_hold_what_their_queue_does(ours):
    # In training and about to be; in the queue; for a worker that waits for room; made ahead.
    assert ours["two workers"]["leased"] <= 2 + 2 + 1 + 3, ours
    assert ours["two workers and a queue"]["leased"] <= 2 + 4 + 1 + 3, ours


def test_who_keeps_every_batch_of_a_fit_gets_them_unharmed():
    source = np.arange(40 * 600_000, dtype=np.float32).reshape(40, 600_000)
    kept = []

    class Keeps(keras.Model):
        def train_step(self, data):
            kept.append(data[0])
            return {"loss": keras.ops.sum(data[0][:, 0])}

    model = Keeps()
    model.compile("sgd", run_eagerly=True)
    batches = sb.Dataset.from_tensor_slices((source, np.zeros(40))).batch(4).to_keras()
    model.fit(batches, shuffle=False, verbose=0)
    np.testing.assert_array_equal(np.concatenate(kept), source)
    assert len(kept) == 10
