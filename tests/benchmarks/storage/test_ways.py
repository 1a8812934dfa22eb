"""Every way of every job does it, and sees what is wrong."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.contender import absent
from benchmarks.peers.jobs.job import WrongBatchError
from benchmarks.storage import measured
from benchmarks.storage.jobs import JOBS, job_of
from benchmarks.storage.measured import Pace
from benchmarks.storage.patterns.pattern import HEADER
from benchmarks.storage.race import run_way
from benchmarks.storage.result import Role
from benchmarks.storage.way import Task
from tests.benchmarks.storage.tiny import MEMORY, PACE, SCALE

HERE = [
    (job.key, way.key)
    for job in JOBS
    for way in job.ways
    if way.package is None and job.together is None
]
ARRAYS = {job.key for job in JOBS if job.source == "images"}
PEERS = {way.key: way for job in JOBS for way in job.ways if way.package is not None}


def way_of(job, key):
    return next(way for way in job_of(job).ways if way.key == key)


@pytest.mark.parametrize(("job", "way"), HERE)
def test_each_does_its_job(sources, job, way):
    found = job_of(job)
    source = sources(found.source)
    # A chunk takes 0.1 s to be decoded.
    pace = PACE if job in ARRAYS else Pace(0.5, 0.5)
    turn = way_of(job, way).run(Task(found.pattern, source, MEMORY, pace))
    assert turn.samples > 0
    assert pace.seconds <= turn.seconds < pace.seconds + 5
    assert turn.disk_bytes >= 0


@pytest.mark.parametrize("key", PEERS)
@pytest.mark.parametrize("job", ["tokens", "in-order"])
def test_each_peer_does_its_job_in_a_process_of_its_own(sources, key, job):
    if absent(PEERS[key].package):
        pytest.skip(absent(PEERS[key].package))
    source = sources("images")
    (turn,) = run_way(job_of(job), key, source, SCALE, limit=None).values()
    assert turn.samples > 0


def test_pairs_in_turn_stand_beside_the_reader_that_maps(sources):
    job = job_of("in-memory")
    assert job.together is not None
    found = job.together(Task(job.pattern, sources("small"), MEMORY, PACE))
    assert set(found) == {way.key for way in job.ways}
    assert found["map"].counts["beside_map"] == 1
    assert all(turn.samples > 0 for turn in found.values())


@pytest.mark.parametrize(
    ("job", "way"), [("crops", "bare-4"), ("in-order", "direct-1x8"), ("crops", "auto")]
)
def test_wrong_bytes_are_seen(sources, tmp_path, job, way):
    path = tmp_path / "images.npy"
    data = np.fromfile(sources("images"), np.uint8)
    data[HEADER:] = np.roll(data[HEADER:], 64) ^ 1
    data.tofile(path)
    with pytest.raises(WrongBatchError, match=r"wrong bytes|nowhere in the file"):
        way_of(job, way).run(Task(job_of(job).pattern, str(path), MEMORY, PACE))


def test_a_thread_that_fails_ends_the_turn():
    def work(number, count):
        if number == 1:
            raise LookupError("of no use")
        while not count.over:
            count.samples += 1

    with pytest.raises(LookupError, match="of no use"):
        measured.count_threads(3, work, PACE)


def test_a_generator_is_pulled_and_its_beginning_looked_at():
    seen = []
    batches = measured.forever([[1, 2], [3, 4], [5, 6]])
    turn = measured.pull(batches, PACE, seen.extend)
    assert [batch.tolist() if hasattr(batch, "tolist") else list(batch) for batch in seen] == [
        [1, 2],
        [3, 4],
    ]
    assert turn.samples % 2 == 0


def test_each_job_has_bare_reads_first_and_names_of_its_own():
    for job in JOBS:
        keys = [way.key for way in job.ways]
        assert len(set(keys)) == len(keys)
        assert job.ways[0].role is Role.BARE
        roles = [role for role, _ in itertools.groupby(way.role for way in job.ways)]
        assert roles == sorted(set(roles), key=list(Role).index)
        assert all(way.settings for way in job.ways)
        assert job.asked


def test_chunks_are_counted(sources):
    job = job_of("hdf5")
    path = sources("HDF5")
    job.pattern.check_decoded_once(path, MEMORY)
    assert Path(path).stat().st_size > 0
