import pytest
from typer.testing import CliRunner

from samebytes.cli.commands import app


@pytest.mark.parametrize("options", [[], ["--quick", "--job", "tokens"]])
def test_says_where_the_benchmarks_are(options):
    done = CliRunner().invoke(app, ["bench", *options])
    assert done.exit_code == 2
    assert "in the source repository, not in the package; there, run `make bench`" in done.output
