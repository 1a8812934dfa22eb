"""TensorFlow's workers: real processes on the loopback, whose losses are those of one."""

from __future__ import annotations

import json

import pytest

from tests.ranks import EXAMPLES, free_ports, furthest, losses_in

pytest.importorskip("tensorflow")

EXAMPLE = EXAMPLES / "train_multi_worker.py"


def test_two_have_the_losses_of_one(run_with_tensorflow, tmp_path):
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(2)]}
    configurations = [
        json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        for index in range(2)
    ]
    done = run_with_tensorflow(
        "tests.feeds.forked_workers", EXAMPLE, *configurations, "{}", cwd=tmp_path
    )
    *workers, alone = (path.read_text() for path in sorted(tmp_path.glob("*.txt")))
    assert done.returncode == 0, (done.stderr, workers, alone)
    assert "process   1 of 2 (TF_CONFIG); samples 32 to 63 of each 64; 2 of them" in workers[1]
    expected = losses_in(alone)
    assert len(expected) == 3
    for printed in workers:
        assert furthest(losses_in(printed), expected) < 1e-5
