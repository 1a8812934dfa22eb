"""Scripts in a Python of their own, which is as strict as Python can be."""

from __future__ import annotations

import os
import subprocess
import sys


def run_strictly(
    script: str, *arguments: object, timeout: float = 200, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Return how a script ended, run by ``python -X dev -W error``."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script]
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **environment},
        check=False,
    )


def assert_silent(done: subprocess.CompletedProcess[str]) -> None:
    """Assert that a script did all it had to do, and that nothing was said, at exit neither."""
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
