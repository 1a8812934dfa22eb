"""The benchmark itself: for each job all ways in turn, each turn in a process of its own."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.peers.contender import absent
from benchmarks.peers.result import Outcome
from benchmarks.storage.disk import disk_of
from benchmarks.storage.jobs import Job
from benchmarks.storage.measured import Pace
from benchmarks.storage.memory_limit import memory_limit
from benchmarks.storage.patterns.pattern import HEADER, values_of
from benchmarks.storage.result import JobResult, Result, StorageBenchmark, Turn
from benchmarks.storage.sources import SourceMissing, source_of
from benchmarks.storage.way import Way
from samebytes.measure.machine import this_machine

__all__ = ["COMMAND", "Scale", "WayFailedError", "measure", "measure_job", "run_way"]

COMMAND = "python -m benchmarks.storage"

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
"""Seconds beyond its own after which a process counts as hanging."""

Announce = Callable[[str], None]


class WayFailedError(Exception):
    """A way died, hung, raised or gave what is wrong; the message says which."""


@dataclass(frozen=True)
class Scale:
    """How large and how long.

    Attributes
    ----------
    memory_bytes : int
        What a process and its workers may have.
    rounds : int
        Turns of each way.
    pace : Pace
        How long each is.
    """

    memory_bytes: int
    rounds: int
    pace: Pace


def run_way(
    job: Job,
    way: str,
    source: str,
    scale: Scale,
    *,
    limit: Path | None,
    knobs: Mapping[str, int] | None = None,
) -> dict[str, Turn]:
    """Have a process of its own do a way, and return its turn; those of all that run together.

    Raises
    ------
    WayFailedError
        If it does not come to a good end.
    """
    facts = {
        "job": job.key,
        "way": way,
        "source": source,
        "memory_bytes": scale.memory_bytes,
        "pace": asdict(scale.pace),
        "limit": None if limit is None else str(limit),
        "knobs": dict(knobs or {}),
    }
    patience = PATIENCE + scale.pace.lead + scale.pace.seconds
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.storage.child", json.dumps(facts)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
        try:
            answer, _ = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            message = f"hangs: no answer in {patience:.0f} s"
            raise WayFailedError(message) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # workers that are left
            process.kill()  # one that never came to be a group
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if process.returncode < 0:
            message = f"killed by {signal.Signals(-process.returncode).name}, of too little memory?"
            raise WayFailedError(message)
        if process.returncode:
            complaints.seek(0)
            lines = complaints.read().decode(errors="replace").strip().splitlines()
            message = f"exit code {process.returncode}: {lines[-1] if lines else 'no message'}"
            raise WayFailedError(message)
    found: dict[str, Any] = json.loads(answer)
    if "error" in found:
        raise WayFailedError(found["error"])
    return {key: Turn(**turn) for key, turn in found.items()}


def measure_job(
    job: Job, source: str, scale: Scale, *, limit: Path | None, announce: Announce
) -> JobResult:
    """Return what all ways of a job found, in turn."""
    turns: dict[str, list[Turn]] = {way.key: [] for way in job.ways}
    failed: dict[str, str] = {}
    there = [way for way in job.ways if not absent(way.package)]
    runs = there if job.together is None else there[:1]
    for number in range(scale.rounds):
        # Whoever follows whom, and what the disk has in its own cache, changes.
        first = number * len(runs) // scale.rounds
        for way in (*runs[first:], *runs[:first]):
            if way.key in failed:
                continue
            announce(f"{job.key}, round {number + 1} of {scale.rounds}: {way.name}")
            try:
                found = run_way(job, way.key, source, scale, limit=limit)
            except WayFailedError as failure:
                failed.update({key: str(failure) for key in _done_by(job, way)})
            else:
                for key, turn in found.items():
                    turns[key].append(turn)
    results = tuple(_result(way, turns[way.key], failed.get(way.key, "")) for way in job.ways)
    measured = tuple(one for one in results if one.outcome is Outcome.MEASURED)
    bounds = (asked.bound(measured) for asked in job.asked)
    nbytes = _source_bytes(source)
    return replace(
        _empty(job),
        source_bytes=nbytes,
        results=results,
        bounds=tuple(bound for bound in bounds if bound is not None),
    )


def _done_by(job: Job, way: Way) -> list[str]:
    return [way.key] if job.together is None else [each.key for each in job.ways]


def _result(way: Way, turns: list[Turn], failure: str) -> Result:
    missing = absent(way.package)
    outcome = Outcome.ABSENT if missing else Outcome.FAILED if failure else Outcome.MEASURED
    kept = tuple(turns) if outcome is Outcome.MEASURED else ()
    detail = missing or failure
    return Result(way.key, way.name, way.role, way.settings, outcome, detail, kept)


def _empty(job: Job, left_out: str = "") -> JobResult:
    pattern = job.pattern
    return JobResult(
        job.key,
        job.title,
        pattern.unit,
        pattern.sample_bytes,
        0,
        job.compared,
        left_out=left_out,
    )


def _source_bytes(source: str) -> int:
    path = Path(source)
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size if path.is_file() else values_of(source) + HEADER


def measure(
    jobs: Sequence[Job],
    scale: Scale,
    *,
    folder: Path | None = None,
    announce: Announce = lambda _: None,
    command: str = COMMAND,
) -> StorageBenchmark:
    """Measure jobs, one after the other.

    Parameters
    ----------
    jobs : sequence of Job
        Which.
    scale : Scale
        How large and how long.
    folder : Path, optional
        On the disk to measure; by default that of temporary files.
    announce : callable
        Called with a sentence whenever something begins.
    command : str
        What to type to measure it again.

    Raises
    ------
    Unlimited
        If memory cannot be limited here.
    """
    start, results = time.perf_counter(), []
    with (
        memory_limit(scale.memory_bytes) as limit,
        tempfile.TemporaryDirectory(prefix="samebytes-storage-", dir=folder) as scratch,
    ):
        disk = disk_of(Path(scratch))
        for job in jobs:
            announce(f"{job.key}: making the data")
            try:
                with source_of(job.source, Path(scratch), scale.memory_bytes) as source:
                    found = measure_job(job, source, scale, limit=limit.folder, announce=announce)
            except SourceMissing as why:
                found = _empty(job, str(why))
            results.append(found)
    return StorageBenchmark(
        machine=this_machine(),
        disk=disk,
        memory_bytes=scale.memory_bytes,
        packages=_versions(jobs),
        command=command,
        date=dt.datetime.now(tz=dt.timezone.utc).date().isoformat(),
        seconds=time.perf_counter() - start,
        jobs=tuple(results),
    )


LIBRARIES = ("h5py", "zarr", "obstore")


def _versions(jobs: Sequence[Job]) -> dict[str, str]:
    """Return the versions of the peers and of the formats' libraries that are there."""
    packages = {way.package for job in jobs for way in job.ways if way.package is not None}
    modules = {package.module for package in packages if not absent(package)}
    names = metadata.packages_distributions()
    installed = (name for module in {*modules, *LIBRARIES} for name in names.get(module, ()))
    return {name: metadata.version(name) for name in sorted(installed)}
