import os
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.peers.contender import Package
from benchmarks.peers.result import Outcome
from benchmarks.storage import race
from benchmarks.storage.jobs import JOBS, job_of
from benchmarks.storage.memory_limit import Unlimited
from benchmarks.storage.race import WayFailedError, measure, measure_job
from benchmarks.storage.result import Turn
from benchmarks.storage.sources import SOURCES, SourceMissing
from tests.benchmarks.storage.tiny import SCALE

JOB = job_of("tokens")


@pytest.fixture
def run(monkeypatch):
    """Note what is run, in the place of running it: ours at 8 a second, bare at 10."""
    started = []

    def run_way(job, way, source, scale, *, limit, knobs=None):
        started.append(way)
        if way == "read":
            raise WayFailedError("killed by SIGKILL")
        return {way: Turn(8 if way == "auto" else 10, 1.0, 0.5, 100)}

    monkeypatch.setattr(race, "run_way", run_way)
    return started


def measured(job=JOB, source=__file__):
    return measure_job(job, source, SCALE, limit=None, announce=lambda _: None)


def test_all_take_turns_and_who_fails_is_not_asked_again(run):
    found = measured()
    results = {one.key: one for one in found.results}
    assert [one.key for one in found.results] == [way.key for way in JOB.ways]
    assert results["read"].outcome is Outcome.FAILED
    assert results["read"].detail == "killed by SIGKILL"
    assert run.count("read") == 1
    assert run.count("auto") == SCALE.rounds == len(results["auto"].turns)
    first_round = run[: len(set(run))]
    assert set(run[len(first_round) :]) == set(run) - {"read"}
    assert run[len(first_round)] != run[0]


def test_bounds_are_ratios_of_medians(run):
    (bound,) = measured().bounds
    assert bound.ratio == 0.8
    assert bound.reached
    assert str(bound) == "reached: 0.8 times the best bare reads, at least 0.8 is asked"


def test_who_is_absent_is_told_of(run):
    package = Package("no_such.package", "no-such-package")
    ways = (*JOB.ways, replace(JOB.ways[0], key="absent", package=package))
    found = measured(replace(JOB, ways=ways))
    assert found.results[-1].outcome is Outcome.ABSENT
    assert found.results[-1].detail == "needs no_such.package; pip install no-such-package"
    assert "absent" not in run


def test_a_source_that_cannot_be_made_leaves_its_job_out(run, monkeypatch, tmp_path):
    def missing(folder, memory_bytes):
        raise SourceMissing("nginx, which serves the file, is not installed")

    monkeypatch.setitem(SOURCES, "served", missing)
    try:
        found = measure([job_of("http")], SCALE, folder=tmp_path)
    except Unlimited as why:
        pytest.skip(str(why))
    assert found.jobs[0].left_out == "nginx, which serves the file, is not installed"
    assert found.jobs[0].results == ()
    assert found.disk
    assert not list(tmp_path.iterdir())


def test_a_real_process_says_what_was_wrong(tmp_path):
    path = tmp_path / "images.npy"
    path.write_bytes(b"no images")
    with pytest.raises(WayFailedError, match=r"WrongSize|UnknownFormat"):
        race.run_way(JOB, "auto", str(path), SCALE, limit=None)


def test_one_that_hangs_is_ended(monkeypatch, sources):
    monkeypatch.setattr(race, "PATIENCE", 0.5)
    before = _children()
    with pytest.raises(WayFailedError, match="hangs: no answer in 1 s"):
        race.run_way(JOB, "auto", sources("images"), SCALE, limit=None)
    assert _children() == before


def _children():
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_sources_are_all_known():
    assert {job.source for job in JOBS} <= set(SOURCES)
