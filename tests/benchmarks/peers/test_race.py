import os
from pathlib import Path

import pytest

from benchmarks.peers.result import Outcome
from tests.benchmarks.peers.conftest import PACE
from tests.benchmarks.peers.misbehaving import CONTENDERS, JOB

FAILED = {
    "wrong_values": "WrongBatchError: a context that is nowhere in the file",
    "wrong_dtype": "WrongBatchError: expected int64, got int32",
    "wrong_shape": "WrongBatchError: expected the shape (64, 8), got (63, 8)",
    "stale": "WrongBatchError: expected fresh batches, got one twice",
    "in_order": "WrongBatchError: expected shuffled batches",
    "empty": "WrongBatchError: gave no batch at all",
    "raises": "LookupError: of no use",
    "hangs": "hangs: no answer in 10 s, while opening the data",
    "hangs_in_its_turn": "hangs: no answer in 1 s, while its turn",
    "is_killed": "killed by SIGKILL",
    "is_killed_in_its_turn": "killed by SIGSEGV",
    "exits": "ended with exit code 7: the last words",
}
WELL = {"batches", "chatters", "leaves_a_worker"}


@pytest.fixture(scope="module")
def results(benchmark):
    (job,) = benchmark.jobs
    return {result.key: result for result in job.results}


def test_everyone_has_a_result(results):
    assert list(results) == [each.key for each in CONTENDERS]
    assert set(results) == {*FAILED, *WELL, "absent"}


@pytest.mark.parametrize("key", FAILED)
def test_who_fails_is_told_of_with_the_reason(results, key):
    assert results[key].outcome is Outcome.FAILED
    assert results[key].detail.startswith(FAILED[key])
    assert results[key].rounds == ()


def test_who_is_absent_is_told_of_with_the_remedy(results):
    assert results["absent"].outcome is Outcome.ABSENT
    assert results["absent"].detail == "needs no_such.package; pip install no-such-package"


@pytest.mark.parametrize("key", sorted(WELL))
def test_who_does_well_is_measured(results, key):
    found = results[key]
    assert found.outcome is Outcome.MEASURED, found.detail
    assert len(found.rounds) == PACE.rounds
    for each in found.rounds:
        assert each.items % JOB.batch_items == 0
        assert each.items > 0
        assert PACE.seconds <= each.seconds < PACE.seconds + 1
        assert 0 < each.cpu_seconds < each.seconds * (os.cpu_count() or 1) + 0.1
    assert found.rate > 0
    assert found.peak_anonymous_bytes == max(nbytes for _, nbytes in found.memory)


def test_the_limit_is_measured_in_turn(benchmark):
    (job,) = benchmark.jobs
    assert len(job.limit.rates) == PACE.rounds
    assert min(job.limit.rates) > 0


def test_all_children_are_ended(benchmark):
    assert benchmark.jobs
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    children = [child for task in tasks for child in task.read_text().split()]
    commands = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children]
    assert not [command for command in commands if b"misbehaving" in command]


def test_says_where_and_when(benchmark):
    assert benchmark.machine.versions["samebytes"]
    assert len(benchmark.date) == len("2026-01-31")
    assert benchmark.command == "python -m benchmarks.peers"
    assert "no-such-package" not in benchmark.packages
