import sys
from collections.abc import Callable
from subprocess import CompletedProcess, run

import pytest

from tests.forking import RunModule

RunCommand = Callable[..., CompletedProcess[str]]


@pytest.fixture
def samebytes() -> RunCommand:
    """Run the command line as a shell would, in a process of its own."""

    def run_it(*arguments: str) -> CompletedProcess[str]:
        command = [sys.executable, "-m", "samebytes.cli.main", *map(str, arguments)]
        return run(command, capture_output=True, text=True, timeout=200, check=False)

    return run_it


@pytest.fixture
def samebytes_forked(run_with_tensorflow: RunModule) -> RunCommand:
    """Run the command line where TensorFlow is there already: faster by its import."""

    def run_it(*arguments: str) -> CompletedProcess[str]:
        return run_with_tensorflow("samebytes.cli.main", *arguments)

    return run_it
