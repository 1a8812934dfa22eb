import os
import signal
import time
from pathlib import Path

import pytest

from samebytes.report.bench.group import members
from samebytes.report.bench.handle import ContenderFailedError, Handle, Patience
from tests.report.bench.misbehaving import JOB, batches, contender, leaves_a_worker


@pytest.fixture
def opened(tmp_path):
    JOB.write(tmp_path)
    handles = []

    def open_it(start):
        handle = Handle(contender(start), JOB, tmp_path, Patience(opening=20, turn=20))
        handles.append(handle)
        handle.open(0.01)
        return handle

    yield open_it
    for handle in handles:
        handle.end()


def state(process):
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def states(group):
    return {state(process) for process in members(group)}


def test_nobody_works_outside_of_a_turn(opened):
    handle = opened(leaves_a_worker)
    group = handle.process_id
    assert len(members(group)) == 2
    wait_until(lambda: states(group) == {"T"})
    found = handle.run(0, 0.05)
    assert found.items > 0
    wait_until(lambda: states(group) == {"T"})


def test_its_workers_end_with_it(opened):
    handle = opened(leaves_a_worker)
    group = handle.process_id
    handle.end()
    wait_until(lambda: members(group) == [])


def test_one_that_died_between_turns_says_so(opened):
    handle = opened(batches)
    os.kill(handle.process_id, signal.SIGKILL)
    with pytest.raises(ContenderFailedError, match="killed by SIGKILL"):
        handle.run(0, 0.05)


def test_the_memory_is_that_beyond_the_beginning(opened):
    handle = opened(batches)
    handle.run(0, 0.3)
    seconds = [each for each, _ in handle.memory.points]
    assert seconds == sorted(seconds)
    assert len(seconds) >= 3
    # What Python and NumPy hold is not counted: that alone would be more.
    assert 0 < handle.memory.peak < 30e6


def wait_until(holds):
    end = time.perf_counter() + 5
    while not holds():
        assert time.perf_counter() < end
        time.sleep(0.01)
