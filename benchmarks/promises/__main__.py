"""Every promise, one after the other, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

PARTS = ("sharing", "feeding", "series", "choosing")


def run(part: str) -> int:
    """Return the exit status of one part."""
    command = [sys.executable, "-m", f"benchmarks.promises.{part}"]
    return subprocess.run(command, check=False).returncode


def main() -> int:
    """Run all and return the worst exit status: 1 when a promise was missed."""
    return max(map(run, PARTS))


if __name__ == "__main__":
    sys.exit(main())
