import importlib.util
from itertools import pairwise

import numpy as np
import pytest

from samebytes.demo.forecaster import (
    HORIZON,
    TEST_BEGINS,
    WEEK,
    WINDOW,
    read_series,
    scaling,
    windows,
)
from samebytes.errors import MissingPackage


@pytest.fixture(scope="module")
def series():
    pytest.importorskip("statsmodels")
    return read_series()


def test_reads_what_was_measured(series):
    assert len(series.times) == len(series.values) > 0
    assert np.isfinite(series.values).all()
    weeks = (series.times[-1] - series.times[0]) // WEEK + 1
    assert weeks == len(series.times) + series.missing > len(series.times)


def test_no_run_has_a_missing_week(series):
    runs = series.runs()
    assert len(runs) > 2
    for first, end in pairwise(runs):
        assert (np.diff(series.times[first:end]) == WEEK).all()


def test_windows_and_scaling_of_the_past_do_not_know_the_test(series):
    known = series.values[series.times < TEST_BEGINS]
    assert len(known) == series.past
    changed = series.values.copy()
    changed[series.past :] = np.nan
    other = type(series)(series.times, changed, series.missing)
    assert scaling(other) == scaling(series)
    past = windows(other, slice(other.past))
    years, quarters = next(iter(past.batch(len(past))))
    assert np.isfinite(years).all()
    assert np.isfinite(quarters).all()


def test_the_first_forecast_is_of_the_first_weeks_of_the_test(series):
    year, quarter = next(iter(windows(series, slice(series.past - WINDOW, None))))
    assert np.array_equal(year, series.values[series.past - WINDOW : series.past])
    assert np.array_equal(quarter, series.values[series.past : series.past + HORIZON])


def test_names_the_extra_where_the_series_is_missing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingPackage, match=r"pip install 'samebytes\[demo\]'"):
        read_series()
