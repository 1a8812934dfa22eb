import subprocess
import sys

import pytest
from typer.testing import CliRunner

from benchmarks.peers import __main__ as command
from benchmarks.peers.__main__ import app
from benchmarks.peers.result import Benchmark, Outcome


@pytest.mark.timeout(230)
def test_quick_tokens_end_to_end(tmp_path):
    path = tmp_path / "bench.json"
    typed = [sys.executable, "-m", "benchmarks.peers", "--quick", "--job", "tokens"]
    done = subprocess.run(
        [*typed, "--json", path], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    found = Benchmark.from_json(path.read_text())
    (job,) = found.jobs
    assert job.key == "tokens"
    results = {each.key: each for each in job.results}
    for key in ("samebytes-numpy", "samebytes-tensors", "tf-data", "nanogpt"):
        assert results[key].outcome is Outcome.MEASURED, results[key].detail
        assert results[key].name in done.stdout
    assert not [each for each in job.results if each.outcome is Outcome.FAILED]
    assert results["samebytes-numpy"].rate > results["nanogpt"].rate
    assert found.command == "python -m benchmarks.peers --job tokens --quick"
    assert f"wrote {path}" in done.stdout.replace("\n", "")


def test_fails_before_it_measures(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "measure", None)
    done = CliRunner().invoke(app, ["--json", str(tmp_path / "no" / "bench.json")])
    assert isinstance(done.exception, FileNotFoundError)


def test_knows_its_jobs():
    done = CliRunner().invoke(app, ["--job", "sound"])
    assert done.exit_code == 2
    assert "sound" in done.output
