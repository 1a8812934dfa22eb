"""`Backpressure`: who reads ahead waits for what it holds, and never for ever."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from samebytes.feeds import backpressure
from samebytes.feeds.backpressure import Backpressure


def seconds(function):
    began = time.monotonic()
    function()
    return time.monotonic() - began


def batches(pressure, count):
    return [pressure.track(np.zeros(3)) for _ in range(count)]


def test_nobody_waits_while_few_are_out():
    pressure = Backpressure(3)
    kept = batches(pressure, 2)
    assert not pressure.full
    assert seconds(pressure.wait) < 0.5
    assert len(kept) == 2


def test_a_death_ends_the_wait():
    pressure = Backpressure(2)
    kept = batches(pressure, 2)
    timer = threading.Timer(0.2, kept.pop)
    timer.start()
    assert 0.15 < seconds(pressure.wait) < 0.9
    timer.join()


def test_what_the_consumer_only_has_not_come_to_yet_is_settled():
    kept = []
    pressure = Backpressure(2, settle=kept.clear)
    kept += batches(pressure, 2)
    assert seconds(pressure.wait) < 0.5


def test_who_keeps_every_batch_waits_for_a_while_in_all(monkeypatch):
    monkeypatch.setattr(backpressure, "PATIENCE", 0.1)
    pressure = Backpressure(2)
    kept = []
    began = time.monotonic()
    for _ in range(400):
        pressure.wait()
        kept += batches(pressure, 1)
    assert 0.1 < time.monotonic() - began < 2.0  # about 0.2, and 40 were each given its while


def test_who_was_only_slow_is_given_longer(monkeypatch):
    monkeypatch.setattr(backpressure, "PATIENCE", 0.1)
    pressure = Backpressure(2)
    kept = batches(pressure, 2)
    assert 0.05 < seconds(pressure.wait) < 0.4
    assert not pressure.full  # both were taken for kept
    time.sleep(0.3)
    del kept[:]
    kept += batches(pressure, 2)
    timer = threading.Timer(0.5, kept.pop)
    timer.start()
    assert seconds(pressure.wait) > 0.45  # 0.8 by now
    timer.join()
    assert not pressure.full


@pytest.mark.parametrize("most", [1, 2, 5])
def test_no_more_are_out_than_may_be(most):
    pressure = Backpressure(most)
    kept = batches(pressure, most)
    assert pressure.full
    kept.pop()
    assert not pressure.full
