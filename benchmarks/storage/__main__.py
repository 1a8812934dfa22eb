"""Feeding from a file four times the memory allowed: ``python -m benchmarks.storage``.

Every way runs in a process of its own, within a control group that has a limit of memory, with
nothing of the file in memory at its begin; all ways of a job take turns, and medians count. The
limit that counts is what bare reads of ranges of the same sizes make. Exits with 1 where a bound is
missed, and says why where no control group can be made.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.storage.jobs import IMAGE_BYTES, JOBS
from benchmarks.storage.memory_limit import MemoryLimit, Unlimited, memory_limit

WAYS = ("bare", "np.memmap", "map", "auto", "read")
TIMES = 4
"""How many times the memory allowed the file is."""


def write(path: Path, nbytes: int) -> None:
    """Write a file of so many random bytes."""
    block = np.random.default_rng(0).integers(0, 256, 64 << 20, np.uint8)
    with path.open("wb") as file:
        for start in range(0, nbytes, len(block)):
            file.write(block[: nbytes - start].tobytes())


def measure(name: str, way: str, path: Path, seconds: float, limit: MemoryLimit) -> float:
    """Return samples a second of one way of one job."""
    command = [sys.executable, "-m", "benchmarks.storage.child", name, way, path, str(seconds)]
    done = subprocess.run(
        [*map(str, command), str(limit.folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ChildProcessError(done.stderr[-2000:])
    return float(done.stdout)


def main() -> int:
    """Measure all, print a table, and return 1 where a bound is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--memory", type=int, default=1 << 30, help="bytes allowed")
    options.add_argument("--seconds", type=float, default=5.0, help="of each run")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--job", choices=JOBS, action="append")
    options.add_argument("--folder", type=Path, help="on the disk to measure")
    asked = options.parse_args()
    missed = 0
    try:
        with (
            memory_limit(asked.memory) as limit,
            tempfile.TemporaryDirectory(dir=asked.folder) as folder,
        ):
            path = Path(folder, "values.bin")
            write(path, TIMES * asked.memory // IMAGE_BYTES * IMAGE_BYTES)
            for name in asked.job or JOBS:
                job = JOBS[name]
                found: dict[str, list[float]] = {way: [] for way in WAYS}
                for _ in range(asked.rounds):
                    for way, rates in found.items():
                        rates.append(measure(name, way, path, asked.seconds, limit))
                rates_of = {way: statistics.median(rates) for way, rates in found.items()}
                print(f"\n{job.name}; samples a second, and beside bare reads")
                for way, each in rates_of.items():
                    disk = each * job.sample_bytes / 1e6
                    share = each / rates_of["bare"]
                    print(f"  {way:<10} {each:>10,.0f}  {disk:>6,.0f} MB/s  {share:.2f}")
                share = rates_of["auto"] / rates_of["bare"]
                reached = share >= job.bound
                missed += not reached
                words = "reached" if reached else "missed"
                print(f"  bound {job.bound}: {words}, {share:.2f}", flush=True)
    except Unlimited as why:
        print(f"not measured: {why}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
