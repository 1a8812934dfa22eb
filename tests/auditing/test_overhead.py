"""An audit costs a training script less than 5 %."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("tensorflow")

PROMISED = 1.05
# Two runs of the very same work differ by up to this on a machine that others use.
NOISE = 0.10


def test_training_takes_no_longer_inside_an_audit(run_with_tensorflow):
    done = run_with_tensorflow("tests.auditing.overhead")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    assert set(facts) == {"in_memory_fit", "generator_fit", "eager_loop"}
    for name, found in facts.items():
        ratio = min(found["wall"], found["processor"])
        assert ratio < PROMISED + NOISE, (name, found)
