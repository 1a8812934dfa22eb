import dataclasses
import json

import pytest

from benchmarks.peers.result import SCHEMA, Benchmark
from tests.html.page_facts import make_benchmark


def test_json_holds_every_fact():
    benchmark = make_benchmark()
    text = benchmark.as_json()
    assert json.loads(text)["schema"] == SCHEMA
    assert Benchmark.from_json(text) == benchmark


def test_without_memory_curves_only_those_are_gone():
    whole = make_benchmark(points=5)
    text = whole.without_memory_curves().as_json()
    assert '"memory":' not in text
    kept = Benchmark.from_json(text)
    assert kept == whole.without_memory_curves() != whole
    assert kept.jobs[0].results[0].peak_anonymous_bytes > 0
    for job, other in zip(kept.jobs, whole.jobs, strict=True):
        for result, measured in zip(job.results, other.results, strict=True):
            assert dataclasses.replace(result, memory=measured.memory) == measured


@pytest.mark.parametrize("text", ['{"schema": "samebytes.compare/1"}', "{}", "[]"])
def test_refuses_another_schema(text):
    with pytest.raises(ValueError, match=r"expected the schema 'samebytes.bench/1'"):
        Benchmark.from_json(text)
