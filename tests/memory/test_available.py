"""Memory that may really be had: of the machine, the control group, and the process's limit."""

import sys

import pytest

from samebytes.memory import available
from samebytes.memory.available import (
    available_memory,
    field_of,
    left_in_group,
    left_in_limit,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """A process that is in no group of its own."""
    monkeypatch.setattr(available, "SELF", tmp_path / "self")
    (tmp_path / "self").mkdir()
    return tmp_path


def write_group(group, limit, anonymous, **others):
    group.mkdir(parents=True, exist_ok=True)
    (group / "memory.max").write_text(f"{limit}\n")
    (group / "memory.stat").write_text(f"anon {anonymous}\nfile 9000000\nshmem 1000\n")
    for name, value in others.items():
        (group / f"memory.{name}").write_text(f"{value}\n")


@pytest.mark.parametrize(("limit", "left"), [("max", None), ("1000000", 399_000), ("100", 0)])
def test_a_containers_limit_counts(tmp_path, limit, left):
    write_group(tmp_path, limit, 600_000)
    assert left_in_group(tmp_path) == left


@pytest.mark.parametrize(
    ("limit", "left"), [("1000000", 399_000), ("9223372036854771712", None), ("100", 0)]
)
def test_version_1_counts_as_well(tmp_path, limit, left):
    group = tmp_path / "memory"
    group.mkdir()
    (group / "memory.limit_in_bytes").write_text(f"{limit}\n")
    (group / "memory.stat").write_text("rss 7\ntotal_rss 600000\ntotal_shmem 1000\n")
    assert left_in_group(tmp_path) == left


def test_version_1_counts_the_groups_around_the_process(alone):
    lines = "12:cpu,cpuacct:/elsewhere\n7:memory:/jobs/train\n0::/\n"
    (alone / "self" / "cgroup").write_text(lines)
    for name, limit in (("", 1 << 62), ("jobs", 2_000_000), ("jobs/train", 1_000_000)):
        group = alone / "memory" / name
        group.mkdir(parents=True, exist_ok=True)
        (group / "memory.limit_in_bytes").write_text(f"{limit}\n")
        (group / "memory.stat").write_text("total_rss 600000\ntotal_shmem 1000\n")
    assert left_in_group(alone) == 399_000
    (alone / "self" / "cgroup").write_text(lines.replace("/jobs/train", "/jobs"))
    assert left_in_group(alone) == 1_399_000


def test_a_limit_of_any_group_around_the_process_counts(alone):
    (alone / "self" / "cgroup").write_text("0::/jobs/train\n")
    write_group(alone / "jobs" / "train", "max", 600_000)
    write_group(alone / "jobs", "2000000", 600_000)
    assert left_in_group(alone) == 1_399_000
    write_group(alone / "jobs" / "train", "1000000", 600_000)
    assert left_in_group(alone) == 399_000
    (alone / "self" / "cgroup").write_text("0::/../other\n")  # seen from inside a container
    assert left_in_group(alone) is None


def test_swap_beyond_a_limit_counts_as_far_as_it_may_be_had(tmp_path):
    write_group(tmp_path, "1000000", 600_000)
    assert left_in_group(tmp_path, spare=50) == 399_050
    write_group(tmp_path, "1000000", 600_000, **{"swap.max": "30", "swap.current": "10"})
    assert left_in_group(tmp_path, spare=50) == 399_020
    (tmp_path / "memory.swap.max").write_text("max\n")
    assert left_in_group(tmp_path, spare=50) == 399_050


def test_no_container_no_limit(tmp_path):
    assert left_in_group(tmp_path / "nowhere") is None


def test_the_least_of_all_counts(tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable:  4000 kB\nSwapFree: 96 kB\n")
    assert available_memory(tmp_path, meminfo) == 4096 * 1024
    assert available_memory(tmp_path, meminfo, swap=False) == 4000 * 1024
    write_group(tmp_path, "1000000", 600_000)
    assert available_memory(tmp_path, meminfo, swap=False) == 399_000
    assert available_memory(tmp_path / "nowhere", tmp_path / "nowhere") is None


@linux
def test_the_limit_of_the_process_counts(alone, monkeypatch):
    import resource

    (alone / "self" / "status").write_text("Name: python\nVmSize:    1000 kB\n")
    assert left_in_limit() is None
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 21, 1 << 21))
    assert left_in_limit() == (1 << 21) - 1000 * 1024
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1000, 1000))
    assert left_in_limit() == 0


def test_a_field_that_is_not_there_is_none(tmp_path):
    assert field_of(tmp_path / "nowhere", "MemAvailable") is None
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\n")
    assert field_of(tmp_path / "meminfo", "MemAvailable") is None


@linux
def test_this_machine_says_something(monkeypatch):
    monkeypatch.undo()
    assert available_memory() > 1 << 20
