"""Cores that may really be used: what the control group pays for, and the affinity mask."""

from __future__ import annotations

import os

import pytest

from samebytes.memory import cores
from samebytes.memory.cores import available_cores, quota_cores


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("200000 100000\n", 2.0),
        ("150000 100000", 1.5),
        ("50000 100000", 0.5),
        ("max 100000\n", None),
        ("100000 0", None),
    ],
)
def test_version_2_gives_quota_over_period(tmp_path, text, quota):
    (tmp_path / "cpu.max").write_text(text)
    assert quota_cores(tmp_path) == quota


@pytest.mark.parametrize(
    ("quota", "period", "cores_paid"),
    [("300000\n", "100000\n", 3.0), ("-1\n", "100000\n", None), ("100000", "0", None)],
)
def test_version_1_gives_quota_over_period(tmp_path, quota, period, cores_paid):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text(period)
    assert quota_cores(tmp_path) == cores_paid


def test_a_version_2_file_that_says_nothing_leaves_the_word_to_version_1(tmp_path):
    (tmp_path / "cpu.max").write_text("")
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("100000")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("50000")
    assert quota_cores(tmp_path) == 2.0


def test_without_control_groups_there_is_no_quota(tmp_path):
    assert quota_cores(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("affinity", "quota", "expected"),
    [(8, None, 8), (8, 2.0, 2), (8, 1.5, 2), (8, 0.1, 1), (2, 16.0, 2), (1, None, 1)],
)
def test_takes_the_smaller_of_affinity_and_quota(monkeypatch, affinity, quota, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(affinity)), raising=False)
    monkeypatch.setattr(cores, "quota_cores", lambda: quota)
    assert available_cores() == expected


@pytest.mark.parametrize(("count", "expected"), [(6, 6), (None, 1)])
def test_counts_processors_where_there_is_no_affinity(monkeypatch, count, expected):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    monkeypatch.setattr(cores, "quota_cores", lambda: None)
    assert available_cores() == expected
