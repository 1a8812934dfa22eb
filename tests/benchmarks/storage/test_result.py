import json

import pytest

from benchmarks.storage.result import SCHEMA, Bound, StorageBenchmark
from tests.benchmarks.storage.facts import make_benchmark


def test_json_holds_every_fact():
    benchmark = make_benchmark()
    text = benchmark.as_json()
    assert json.loads(text)["schema"] == SCHEMA
    assert StorageBenchmark.from_json(text) == benchmark


@pytest.mark.parametrize("text", ['{"schema": "samebytes.bench/1"}', "{}", "[]"])
def test_refuses_another_schema(text):
    with pytest.raises(ValueError, match=r"expected the schema 'samebytes.storage/1'"):
        StorageBenchmark.from_json(text)


def test_a_bound_says_whether_it_was_reached():
    assert Bound("x", 0.8, 0.8).reached
    assert str(Bound("x", 15, 14.97)) == "MISSED: 14.97 times x, at least 15 is asked"
