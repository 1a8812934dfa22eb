"""The whole suite, each part in a process of its own: ``make bench``."""

from __future__ import annotations

import subprocess
import sys

PARTS = ("benchmarks.peers", "benchmarks.promises", "benchmarks.storage")


def main() -> int:
    """Run all and return the worst exit status: 1 when a promise was missed."""
    return max(
        subprocess.run([sys.executable, "-m", name], check=False).returncode for name in PARTS
    )


if __name__ == "__main__":
    sys.exit(main())
