import os
import signal
import time
from pathlib import Path

import pytest

from benchmarks.peers.process import ContenderFailedError, ContenderProcess, Timeouts
from benchmarks.peers.process_group import members
from tests.benchmarks.peers.misbehaving import JOB, batches, contender, leaves_a_worker


@pytest.fixture
def opened(tmp_path):
    JOB.write(tmp_path)
    processes = []

    def open_it(start):
        process = ContenderProcess(contender(start), JOB, tmp_path, Timeouts(opening=20, turn=20))
        processes.append(process)
        process.open(0.01)
        return process

    yield open_it
    for process in processes:
        process.end()


def state(process):
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def states(group):
    return {state(process) for process in members(group)}


def test_nobody_works_outside_of_a_turn(opened):
    process = opened(leaves_a_worker)
    group = process.process_id
    assert len(members(group)) == 2
    wait_until(lambda: states(group) == {"T"})
    found = process.run(0, 0.05)
    assert found.items > 0
    wait_until(lambda: states(group) == {"T"})


def test_its_workers_end_with_it(opened):
    process = opened(leaves_a_worker)
    group = process.process_id
    process.end()
    wait_until(lambda: members(group) == [])


def test_one_that_died_between_turns_says_so(opened):
    process = opened(batches)
    os.kill(process.process_id, signal.SIGKILL)
    with pytest.raises(ContenderFailedError, match="killed by SIGKILL"):
        process.run(0, 0.05)


def test_the_memory_is_that_beyond_the_beginning(opened):
    process = opened(batches)
    process.run(0, 0.3)
    seconds = [each for each, _ in process.memory.points]
    assert seconds == sorted(seconds)
    assert len(seconds) >= 3
    # What Python and NumPy hold is not counted: that alone would be more.
    assert 0 < process.memory.peak < 30e6


def wait_until(holds):
    end = time.perf_counter() + 5
    while not holds():
        assert time.perf_counter() < end
        time.sleep(0.01)
