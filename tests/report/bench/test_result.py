import json

import pytest

from samebytes.report.bench.result import SCHEMA, Benchmark
from tests.report.found import make_benchmark


def test_json_holds_every_fact():
    benchmark = make_benchmark()
    text = benchmark.as_json()
    assert json.loads(text)["schema"] == SCHEMA
    assert Benchmark.from_json(text) == benchmark


@pytest.mark.parametrize("text", ['{"schema": "samebytes.compare/1"}', "{}", "[]"])
def test_refuses_another_schema(text):
    with pytest.raises(ValueError, match=r"expected the schema 'samebytes.bench/1'"):
        Benchmark.from_json(text)
