"""The page of a benchmark has every contender, its figures, and the limit."""

from __future__ import annotations

import dataclasses
import re

import pytest

from benchmarks.peers.page import render_benchmark_html
from benchmarks.peers.result import Benchmark, Outcome
from samebytes.measure.numbers import number_text, percent_text, ratio_text
from samebytes.share.layout import as_bytes_text
from tests.html.page_facts import make_benchmark
from tests.html.words import words_of


@pytest.fixture(scope="module")
def page():
    return render_benchmark_html(make_benchmark())


def test_has_every_contender_with_its_figures(page):
    words = words_of(page)
    for job in make_benchmark().jobs:
        assert job.title in words
        ours = max((each for each in job.results if each.ours), key=lambda each: each.rate)
        assert f"Ratios are to {ours.name}." in words
        for result in job.results:
            assert result.settings in words
            if result.outcome is not Outcome.MEASURED:
                assert f"{result.name} : {result.outcome.value}, {result.detail}" in words
                continue
            line = (
                f"{result.name} {number_text(result.rate)} {number_text(min(result.rates))} to "
                f"{number_text(max(result.rates))} {ratio_text(result.rate / ours.rate)} "
                f"{percent_text(result.rate / job.limit.rate)} "
                f"{number_text(result.cpu_seconds_an_item * 1e6)} "
                f"{as_bytes_text(result.peak_anonymous_bytes)}"
            )
            assert line in words


def test_draws_bars_as_long_as_the_rates(page):
    job = make_benchmark().jobs[0]
    (section,) = re.findall(r'id="rates-1">.*?</svg>', page, re.DOTALL)
    filled = re.findall(
        r'<path d="M ([\d.]+) [\d.]+ L ([\d.]+) [^"]+" style="fill: var\(--(?:ours|peer)\)',
        section,
    )
    lengths = sorted(float(end) - float(start) for start, end in filled)
    rates = sorted(result.rate for result in job.results if result.rounds)
    assert len(lengths) == len(rates) == 10
    shares = [length / lengths[-1] for length in lengths]
    assert shares == pytest.approx([rate / rates[-1] for rate in rates], abs=1e-3)


def test_names_the_limit_in_every_picture_of_rates(page):
    for job in make_benchmark().jobs:
        assert page.count(f">memset on all cores: {number_text(job.limit.rate)}<") == 2


def test_a_benchmark_that_travelled_as_json_makes_the_same_page():
    benchmark = make_benchmark(points=5)
    travelled = Benchmark.from_json(benchmark.as_json())
    assert render_benchmark_html(travelled) == render_benchmark_html(benchmark)


@pytest.mark.parametrize("measured", [(), (True,), (False,)])
def test_tells_of_jobs_that_few_could_do(measured):
    benchmark = make_benchmark(points=5)
    job = benchmark.jobs[0]
    kept = [
        next(result for result in job.results if result.rounds and result.ours is ours)
        for ours in measured
    ]
    absent = [result for result in job.results if not result.rounds]
    few = dataclasses.replace(job, results=(*kept, *absent))
    page = render_benchmark_html(dataclasses.replace(benchmark, jobs=(few,)))
    assert ("Nobody was measured." in page) is (not measured)
    assert all(f"{number_text(result.rate)}" in page for result in kept)
