"""The benchmark itself: for each job its contenders opened side by side, then turn after turn."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from benchmarks.peers.contender import Contender, absent
from benchmarks.peers.jobs.job import Job
from benchmarks.peers.limit import limit_of
from benchmarks.peers.process import TIMEOUTS, ContenderFailedError, ContenderProcess, Timeouts
from benchmarks.peers.result import Benchmark, JobResult, Limit, Outcome, Result
from samebytes.measure.machine import this_machine
from samebytes.memory.cores import available_cores

__all__ = ["COMMAND", "FULL_PACE", "QUICK_PACE", "Pace", "measure", "measure_job"]

Announce = Callable[[str, int, int], None]

COMMAND = "python -m benchmarks.peers"
"""What to type to measure everything."""


@dataclass(frozen=True)
class Pace:
    """How long contenders are looked at.

    Attributes
    ----------
    rounds : int
        Turns of each.
    seconds : float
        Of a turn, about.
    lead : float
        Seconds before those, which do not count: what was stopped gets warm again.
    warm : float
        Seconds of a turn before all others, which does not count: pages are touched for the first
        time, graphs traced, queues filled.
    """

    rounds: int
    seconds: float
    lead: float
    warm: float


FULL_PACE = Pace(rounds=5, seconds=1.0, lead=0.25, warm=1.0)
QUICK_PACE = Pace(rounds=3, seconds=0.2, lead=0.05, warm=0.2)


def measure(
    jobs: Sequence[Job],
    contenders: Sequence[Contender],
    pace: Pace,
    *,
    announce: Announce = lambda *_: None,
    command: str = COMMAND,
    timeouts: Timeouts = TIMEOUTS,
) -> Benchmark:
    """Measure `contenders` in `jobs`, one job after the other.

    Parameters
    ----------
    jobs : sequence of Job
        What is done.
    contenders : sequence of Contender
        Of all jobs; those whose package is absent are told of.
    pace : Pace
        How long.
    announce : callable
        Called with a sentence, steps done and steps in all, whenever something begins.
    command : str
        What to type to measure it again.
    timeouts : Timeouts
        After how long a silent contender counts as hanging.
    """
    start = time.perf_counter()
    steps = _Steps(announce, jobs, contenders, pace)
    results = tuple(
        measure_job(job, contenders, pace, announce=steps.begin, timeouts=timeouts) for job in jobs
    )
    return Benchmark(
        machine=this_machine(),
        packages=_versions(contenders),
        command=command,
        date=dt.datetime.now(tz=dt.timezone.utc).date().isoformat(),
        seconds=time.perf_counter() - start,
        jobs=results,
    )


class _Steps:
    """Counts what was announced of all that there is to do."""

    def __init__(
        self, announce: Announce, jobs: Sequence[Job], contenders: Sequence[Contender], pace: Pace
    ) -> None:
        self._announce = announce
        self._done = 0
        self._total = sum(
            1 + (pace.rounds + 1) * (1 + len(_present(job, contenders))) for job in jobs
        )

    def begin(self, what: str) -> None:
        self._announce(what, min(self._done, self._total), self._total)
        self._done += 1


def _present(job: Job, contenders: Sequence[Contender]) -> list[Contender]:
    return [each for each in contenders if each.job == job.key and not absent(each.package)]


def measure_job(
    job: Job,
    contenders: Sequence[Contender],
    pace: Pace,
    *,
    announce: Callable[[str], None] = lambda _: None,
    timeouts: Timeouts = TIMEOUTS,
) -> JobResult:
    """Measure those of `contenders` that do `job`, all in turn, beside the machine's limit."""
    with tempfile.TemporaryDirectory(prefix="samebytes-bench-") as scratch:
        folder = Path(scratch)
        _make_room(job, folder)
        announce(f"{job.key}: making the data")
        job.write(folder)
        race = _Race(job, folder, pace, timeouts, announce)
        limit = limit_of(job)
        race.run([limit, *_present(job, contenders)])
    if limit.key in race.failed:
        message = f"the limit of {job.key} could not be measured: {race.failed[limit.key]}"
        raise RuntimeError(message)
    return JobResult(
        key=job.key,
        title=job.title,
        unit=job.unit,
        item_bytes=job.item_bytes,
        batch_size=job.batch_items,
        source_bytes=job.source_bytes,
        limit=Limit(tuple(each.items / each.seconds for each in race.processes[limit.key].rounds)),
        results=tuple(race.result(each) for each in contenders if each.job == job.key),
    )


class _Race:
    """The processes of one job, and what became of them."""

    def __init__(
        self,
        job: Job,
        folder: Path,
        pace: Pace,
        timeouts: Timeouts,
        announce: Callable[[str], None],
    ) -> None:
        self._job, self._folder, self._pace = job, folder, pace
        self._timeouts, self._announce = timeouts, announce
        self.processes: dict[str, ContenderProcess] = {}
        self.failed: dict[str, str] = {}

    def run(self, contenders: Sequence[Contender]) -> None:
        # The kernel ends a child with the very thread that started it; so the pool, and its
        # threads, stay until all children are done.
        with ThreadPoolExecutor(available_cores()) as pool:
            try:
                list(pool.map(self._open, contenders))
                for number in range(self._pace.rounds):
                    # Whoever follows whom, and finds what caches, changes from round to round.
                    first = number * len(contenders) // self._pace.rounds
                    for contender in (*contenders[first:], *contenders[:first]):
                        self._turn(contender, number)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in self.processes.values():
                    process.end()

    def result(self, contender: Contender) -> Result:
        """Return what is known of one, who need not have taken part."""
        missing, failure = absent(contender.package), self.failed.get(contender.key, "")
        outcome = Outcome.ABSENT if missing else Outcome.FAILED if failure else Outcome.MEASURED
        process = self.processes.get(contender.key)
        measured = outcome is Outcome.MEASURED and process is not None
        return Result(
            key=contender.key,
            name=contender.name,
            ours=contender.ours,
            settings=contender.settings,
            outcome=outcome,
            detail=missing or failure,
            rounds=tuple(process.rounds) if process is not None and measured else (),
            peak_anonymous_bytes=process.memory.peak if process is not None and measured else 0,
            memory=process.memory.points if process is not None and measured else (),
        )

    def _open(self, contender: Contender) -> None:
        self._announce(f"{self._job.key}: opening {contender.name}")
        process = ContenderProcess(contender, self._job, self._folder, self._timeouts)
        self.processes[contender.key] = process
        try:
            process.open(self._pace.warm)
        except ContenderFailedError as failure:
            self._give_up(contender, failure)

    def _turn(self, contender: Contender, number: int) -> None:
        rounds = f"round {number + 1} of {self._pace.rounds}"
        self._announce(f"{self._job.key}, {rounds}: {contender.name}")
        if contender.key in self.failed:
            return
        process = self.processes[contender.key]
        try:
            process.rounds.append(process.run(self._pace.lead, self._pace.seconds))
        except ContenderFailedError as failure:
            self._give_up(contender, failure)

    def _give_up(self, contender: Contender, failure: ContenderFailedError) -> None:
        self.failed[contender.key] = str(failure)
        self.processes[contender.key].end()


def _make_room(job: Job, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < job.source_bytes:
        message = (
            f"{job.key} needs {job.source_bytes:,} bytes in {folder.parent}, and {free:,} are "
            "free; set TMPDIR to a folder with room, or take --quick"
        )
        raise OSError(message)


def _versions(contenders: Sequence[Contender]) -> dict[str, str]:
    """Return the versions of the peers' packages that are there."""
    packages = {each.package for each in contenders if each.package and not absent(each.package)}
    names = metadata.packages_distributions()
    modules = sorted(package.module.partition(".")[0] for package in packages)
    installed = [name for module in modules for name in names.get(module, ())]
    return {name: metadata.version(name) for name in installed}
