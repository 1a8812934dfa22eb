"""Every example trains as a user runs it, and prints that it beats what it says it beats."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES

pytest.importorskip("tensorflow")
pytest.importorskip("statsmodels")


def figure(printed: str, name: str) -> float:
    """Return the number that is printed behind `name`."""
    found = re.search(rf"{re.escape(name)} +([\d.,]+)", printed)
    assert found is not None, printed
    return float(found[1].replace(",", ""))


def test_the_forecast_beats_the_last_value(printed_by, tmp_path):
    printed = printed_by("forecast_co2.py", tmp_path)
    model = figure(printed, "the model")
    assert 0 < model < figure(printed, "the last value")
    assert model < figure(printed, "as one year before")
    assert printed.endswith("the model is better than the naive last-value forecast\n")


def test_the_loss_falls_below_the_unigram_entropy(printed_by, tmp_path):
    printed = printed_by("bytes_of_the_library.py", tmp_path)
    assert 0 < figure(printed, "loss of the model") < figure(printed, "unigram entropy")
    assert printed.endswith("the loss is below the unigram entropy\n")


def test_every_example_is_run_by_a_test():
    tests = "".join(path.read_text() for path in Path(__file__).parent.rglob("test_*.py"))
    run = set(re.findall(r'(?:printed_by\(|EXAMPLES / )"(\w+\.py)"', tests))
    assert run == {path.name for path in EXAMPLES.rglob("*.py")}
