"""What a copy costs: measured when an estimate is first asked for, and never by what decides."""

from __future__ import annotations

import numpy as np
import pytest

import samebytes as sb
from samebytes.share import cost
from samebytes.share.verdict import NUMPY, Verdict, judge

STRIDED = sb.zeros((64, 64), "float32")[:, ::2]


@pytest.fixture
def measurements(monkeypatch):
    """Return the sizes that are gathered for measuring, in a process that has not measured yet."""
    seen = []
    gather = cost.gather

    def counted(source, out):
        seen.append(source.nbytes)
        gather(source, out)

    monkeypatch.setattr(cost, "gather", counted)
    cost.gather_bandwidth.cache_clear()
    cost.seconds_a_string.cache_clear()
    return seen


def copied():
    return judge(sb.layout(STRIDED), NUMPY, copy=True)


def test_the_fixture_sees_the_measuring(measurements):
    copied().estimate_milliseconds()
    assert measurements == [16 << 20] * 3


def test_no_property_of_a_verdict_measures(measurements):
    verdict = copied()
    names = [name for name, value in vars(Verdict).items() if isinstance(value, property)]
    assert {"shared", "possible", "codes", "bytes_copied"} <= set(names)
    for name in names:
        getattr(verdict, name)
    assert (repr(verdict), hash(verdict), verdict == copied()) != (None, None, False)
    assert measurements == []


def test_neither_deciding_nor_copying_measures(measurements):
    sb.explain(STRIDED, to="numpy")
    sb.as_array(STRIDED, copy=True)
    sb.aligned(STRIDED)
    assert measurements == []


def test_what_shares_or_cannot_be_is_printed_without_measuring(measurements):
    shared = judge(sb.layout(STRIDED), NUMPY)
    assert str(shared).endswith("shared, no byte is copied")
    assert shared.estimate_milliseconds() == 0
    assert cost.milliseconds_to_gather(0) == cost.milliseconds_to_encode(0) == 0
    assert measurements == []


def test_printing_measures_once_in_a_process(measurements):
    first, again = str(copied()), str(copied())
    assert first == again
    assert "copied, 8.2 kB, under 1 ms" in first
    assert len(measurements) == 3  # the median of three rounds


def test_the_measured_bandwidth_is_believable():
    assert 1e8 < cost.gather_bandwidth() < 1e12
    assert cost.gather_bandwidth() == cost.gather_bandwidth()


def test_an_estimate_follows_from_the_measure(monkeypatch):
    monkeypatch.setattr(cost, "gather_bandwidth", lambda: 2e9)
    monkeypatch.setattr(cost, "seconds_a_string", lambda: 1e-6)
    assert cost.milliseconds_to_gather(4_000_000) == pytest.approx(2.0)
    assert cost.milliseconds_to_encode(5_000) == pytest.approx(5.0)
    assert np.isclose(copied().estimate_milliseconds(), copied().bytes_copied / 2e6)
