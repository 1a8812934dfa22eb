"""Every benchmark, one after the other, each in a process of its own: ``make bench``."""

from __future__ import annotations

import subprocess
import sys

MODULES = ["benchmarks.sharing", "benchmarks.feeding", "benchmarks.series"]


def main() -> int:
    """Run all and give the worst exit status: 1 when a figure was missed."""
    return max(
        subprocess.run([sys.executable, "-m", name], check=False).returncode for name in MODULES
    )


if __name__ == "__main__":
    sys.exit(main())
