"""``make bench`` runs the one suite: peers first, then every promise, then storage."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import __main__ as suite
from benchmarks.promises import __main__ as promises

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ended(monkeypatch):
    """Note what is run, in the place of running it; the second of all misses a figure."""
    started = []

    def run(command, **_):
        started.append(command[-1])
        return subprocess.CompletedProcess(command, int(len(started) == 2))

    monkeypatch.setattr(subprocess, "run", run)
    return started


@pytest.mark.parametrize("part", [suite, promises])
def test_runs_all_and_ends_with_the_worst(ended, part):
    assert part.main() == 1
    assert len(ended) == len(part.PARTS) > 1
    assert all(find_spec(name) for name in ended)


def test_peers_come_first(ended):
    suite.main()
    assert ended == ["benchmarks.peers", "benchmarks.promises", "benchmarks.storage"]


def test_make_runs_it():
    target = (ROOT / "Makefile").read_text().partition("\nbench:")[2].partition("\n\n")[0]
    assert "python -m benchmarks\n" in f"{target}\n"


def test_every_promise_is_run():
    files = {path.stem for path in (ROOT / "benchmarks" / "promises").glob("[a-z]*.py")}
    assert files - {"figures", "first_call"} == set(promises.PARTS)
