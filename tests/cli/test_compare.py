import json

import pytest
from typer.testing import CliRunner

from samebytes.cli.commands import app
from samebytes.compare import comparison
from samebytes.compare.comparison import Outcome, Row
from samebytes.compare.trial import Trial
from samebytes.compare.ways import WAYS


@pytest.fixture
def measured_at_once(monkeypatch):
    """Put figures in the place of children: what they find is tested in tests/compare."""
    sizes = []

    def pretend(way, nbytes):
        sizes.append(nbytes)
        if way.key == "dlpack-ordinary":
            return Row(way, Outcome.KILLED, detail="SIGABRT")
        shape = (10, 512, 512, 3)
        return Row(way, Outcome.SHARED, Trial(nbytes, shape, shape, True, True, 0.5, 0.4, 4096))

    monkeypatch.setattr(comparison, "measure_in_child", pretend)
    return sizes


def test_prints_the_table_and_writes_the_files(measured_at_once, tmp_path):
    paths = {name: tmp_path / f"table.{name}" for name in ("json", "html", "markdown")}
    options = [part for name, path in paths.items() for part in (f"--{name}", str(path))]
    done = CliRunner().invoke(app, ["compare", "--size", "8 MB", *options])
    assert done.exit_code == 0
    assert measured_at_once == [8_000_000] * len(WAYS)
    assert "process killed (SIGABRT)" in done.output
    assert "Measure it again: samebytes compare --size 8MB" in done.output
    assert all(f"wrote {path}" in done.output for path in paths.values())
    assert json.loads(paths["json"].read_text())["nbytes"] == 8_000_000
    assert "<table" in paths["html"].read_text()
    assert paths["markdown"].read_text().startswith("| way |")


def test_says_that_it_takes_less_where_more_does_not_fit(measured_at_once):
    done = CliRunner().invoke(app, ["compare", "--size", "900TB"])
    assert done.exit_code == 0
    assert max(measured_at_once) < 900e12
    assert "instead of 900.0 TB" in done.output


def test_fails_before_it_measures(measured_at_once, tmp_path):
    done = CliRunner().invoke(app, ["compare", "--json", str(tmp_path / "no" / "table.json")])
    assert isinstance(done.exception, FileNotFoundError)
    assert measured_at_once == []


def test_refuses_what_is_no_size(measured_at_once):
    done = CliRunner().invoke(app, ["compare", "--size", "big"])
    assert done.exit_code == 2
    assert measured_at_once == []
