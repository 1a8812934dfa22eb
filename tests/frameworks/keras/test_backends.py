"""`to_keras` on PyTorch and JAX: models get the pools' own bytes, and few blocks are alive."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FUNCTIONS = next(
    [name.id for name in node.value.elts]
    for node in ast.parse((HERE / "addresses.py").read_text()).body
    if isinstance(node, ast.Assign) and node.targets[0].id == "FUNCTIONS"
)
BACKENDS = ["torch", "jax"]
ORDERED = {"shuffle": False, "epochs": 2}
WAYS = {
    "in order": ("fit", ORDERED),
    "shuffled": ("fit", {"epochs": 2}),
    "validated": ("fit", {**ORDERED, "validated": True}),
    "endless": ("fit", {**ORDERED, "steps_per_epoch": 12, "endless": True}),
    "cut short": ("fit", {"shuffle": False, "epochs": 4, "steps_per_epoch": 6}),
    "continued": ("fit", {"epochs": 2, "position": True}),
    "evaluate": ("evaluate", {}),
    "predict": ("predict", {}),
}
BATCH_BYTES = 64 * 152 * 152 * 3 * 4


def run(backend, script, *arguments):
    command = [sys.executable, str(script), *map(str, arguments)]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=230, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_byte_is_copied_on_the_way_to_a_model(backend, function):
    run(backend, HERE / "addresses.py", function)


@pytest.fixture(scope="module", params=BACKENDS)
def held(request, tmp_path_factory):
    runs = json.dumps([("to_keras", *way) for way in WAYS.values()])
    script = HERE.parent.parent / "feeds" / "batch_memory.py"
    done = run(request.param, script, tmp_path_factory.mktemp("positions"), runs)
    return dict(zip(WAYS, json.loads(done.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize("way", WAYS)
def test_few_blocks_are_alive(held, way):
    threads = len(os.sched_getaffinity(0))
    assert held[way]["leased"] <= 4 + threads, held
    assert held[way]["pooled"] <= (4 + threads) * (BATCH_BYTES + 4096), held


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_said_at_exit(backend):
    script = """
import numpy as np, keras, samebytes as sb
ds = sb.Dataset.from_tensor_slices((np.ones((64, 4), "float32"), np.ones((64, 1), "float32")))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
batches = ds.batch(8).to_keras()
model.fit(batches, verbose=0, steps_per_epoch=3)
kept = [batches[0], batches[1]]
"""
    done = run(backend, "-c", script)
    assert (done.stdout, done.stderr) == ("", "")
