import subprocess
import sys

import pytest
from typer.testing import CliRunner

from benchmarks.peers.result import Outcome
from benchmarks.storage import __main__ as command
from benchmarks.storage import sweep
from benchmarks.storage.memory_limit import Unlimited
from benchmarks.storage.result import StorageBenchmark


@pytest.mark.timeout(230)
def test_a_job_end_to_end(tmp_path):
    path = tmp_path / "storage.json"
    typed = [sys.executable, "-m", "benchmarks.storage", "--quick", "--job", "in-memory"]
    done = subprocess.run(
        [*typed, "--json", path], capture_output=True, text=True, timeout=200, check=False
    )
    if done.stdout.startswith("not measured: "):
        pytest.skip(done.stdout)
    assert done.returncode in {0, 1}, done.stderr
    found = StorageBenchmark.from_json(path.read_text())
    (job,) = found.jobs
    assert [one.outcome for one in job.results] == [Outcome.MEASURED] * 3, job.results
    assert found.memory_bytes == 512 << 20
    assert found.command == "python -m benchmarks.storage --job in-memory --quick"
    assert done.returncode == int(not all(bound.reached for bound in job.bounds))
    assert "Measure it again" in done.stdout


def test_says_why_nothing_can_be_limited(monkeypatch):
    def refuse(*_, **__):
        raise Unlimited("no control group can be made in /sys/fs/cgroup: Permission denied")

    monkeypatch.setattr(command, "measure", refuse)
    done = CliRunner().invoke(command.app, [])
    assert done.exit_code == 0
    assert "not measured: no control group" in done.output


def test_fails_before_it_measures(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "measure", None)
    done = CliRunner().invoke(command.app, ["--json", str(tmp_path / "no" / "storage.json")])
    assert isinstance(done.exception, FileNotFoundError)


@pytest.mark.parametrize("app", [command.app, sweep.app])
def test_knows_its_jobs(app):
    knob = ["--knob", "read-threads=1"] if app is sweep.app else []
    done = CliRunner().invoke(app, ["--job", "sound", *knob])
    assert done.exit_code == 2
    assert "sound" in done.output


@pytest.mark.parametrize("text", ["read-threads", "read-threads=", "read-threads=a", "volume=3"])
def test_a_sweep_knows_its_knobs(text):
    done = CliRunner().invoke(sweep.app, ["--job", "crops", "--knob", text])
    assert done.exit_code == 2
    assert "NAME=1,2,3" in done.output
