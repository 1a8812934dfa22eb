"""The benchmark page says what was measured, and nothing else."""

from __future__ import annotations

import pytest

from benchmarks import documentation_page
from benchmarks.documentation_page import FACTS, PAGE, STORAGE, render
from benchmarks.peers.result import Benchmark, Outcome
from benchmarks.storage.jobs import JOBS
from benchmarks.storage.result import StorageBenchmark

MEASURED = Benchmark.from_json(FACTS.read_text())
MEASURED_STORAGE = StorageBenchmark.from_json(STORAGE.read_text())


def test_the_page_is_written_from_the_facts_beside_it():
    assert PAGE.read_text() == render(MEASURED, MEASURED_STORAGE)


def test_the_facts_hold_no_samples_that_the_page_does_not_show():
    assert FACTS.read_text() == MEASURED.without_memory_curves().as_json()
    assert STORAGE.read_text() == MEASURED_STORAGE.as_json()


def test_every_job_and_contender_is_on_it():
    page = PAGE.read_text()
    assert {job.key for job in MEASURED.jobs} == {"images", "windows", "tokens", "fit"}
    for job in MEASURED.jobs:
        for result in job.results:
            assert result.name in page
            assert result.settings in page or result.outcome is not Outcome.MEASURED


def test_ours_were_all_measured():
    for job in MEASURED.jobs:
        assert all(one.outcome is Outcome.MEASURED for one in job.results if one.ours)


def test_every_job_of_files_past_memory_is_on_it():
    page = PAGE.read_text()
    assert [job.key for job in MEASURED_STORAGE.jobs] == [job.key for job in JOBS]
    for job in MEASURED_STORAGE.jobs:
        assert f"### {job.title}" in page
        for bound in job.bounds:
            assert str(bound) in page


def test_one_part_can_be_measured_alone(monkeypatch, tmp_path):
    asked = []

    def measured(module, *_):
        asked.append(module)
        return MEASURED_STORAGE.as_json()

    monkeypatch.setattr(documentation_page, "_measured", measured)
    for name in ("FACTS", "STORAGE", "PAGE"):
        kept = getattr(documentation_page, name)
        copy = tmp_path / kept.name
        copy.write_bytes(kept.read_bytes())
        monkeypatch.setattr(documentation_page, name, copy)
    documentation_page.main(["storage"])
    assert asked == ["benchmarks.storage"]
    assert documentation_page.PAGE.read_text() == PAGE.read_text()
    with pytest.raises(SystemExit, match="expected some of peers, storage"):
        documentation_page.main(["sound"])
