"""The benchmark page says what was measured, and nothing else."""

from __future__ import annotations

from benchmarks.documentation_page import FACTS, PAGE, render
from benchmarks.peers.result import Benchmark, Outcome

MEASURED = Benchmark.from_json(FACTS.read_text())


def test_the_page_is_written_from_the_facts_beside_it():
    assert PAGE.read_text() == render(MEASURED)


def test_the_facts_hold_no_samples_that_the_page_does_not_show():
    assert FACTS.read_text() == MEASURED.without_memory_curves().as_json()


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
