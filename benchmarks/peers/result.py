"""What a benchmark found: jobs, contenders and rounds, as facts that travel as JSON."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

from samebytes.measure.machine import Machine

__all__ = ["SCHEMA", "Benchmark", "JobResult", "Limit", "Outcome", "Result", "Round"]

SCHEMA = "samebytes.bench/1"


class Outcome(str, Enum):
    """How a contender ended."""

    MEASURED = "measured"
    ABSENT = "not installed"
    FAILED = "failed"


@dataclass(frozen=True)
class Round:
    """One turn of one contender.

    Attributes
    ----------
    items : int
        How many it gave.
    seconds : float
        By the wall clock.
    cpu_seconds : float
        Of processor time, its worker processes included.
    """

    items: int
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Result:
    """One contender in one job.

    Attributes
    ----------
    key, name : str
        Stable, and for people.
    ours : bool
        Whether it is this library.
    settings : str
        How it is set up, and why that is its best.
    outcome : Outcome
        Whether it was measured.
    detail : str
        Which package is absent, or what it failed with; empty when it was measured.
    rounds : tuple of Round
        In the order they were run, warming up left out.
    peak_anonymous_bytes : int
        The most memory without a file behind it, worker processes included, beyond what the
        process held before it opened the data.
    memory : tuple of (float, int)
        That memory over time: seconds since it opened the data, the turns of others left out,
        and bytes; empty where only the peak is kept.
    """

    key: str
    name: str
    ours: bool
    settings: str
    outcome: Outcome
    detail: str = ""
    rounds: tuple[Round, ...] = ()
    peak_anonymous_bytes: int = 0
    memory: tuple[tuple[float, int], ...] = ()

    @property
    def rates(self) -> tuple[float, ...]:
        """Items a second, round by round."""
        return tuple(each.items / each.seconds for each in self.rounds)

    @property
    def rate(self) -> float:
        """The median of the rates."""
        return statistics.median(self.rates)

    @property
    def cpu_seconds_an_item(self) -> float:
        """The median of the processor seconds that an item cost."""
        return statistics.median(each.cpu_seconds / each.items for each in self.rounds)


@dataclass(frozen=True)
class Limit:
    """What the machine itself can write: memset of the job's bytes on all cores, in turn too.

    Attributes
    ----------
    rates : tuple of float
        Items a second, round by round, if an item were only its bytes.
    """

    rates: tuple[float, ...]

    @property
    def rate(self) -> float:
        """The median of the rates."""
        return statistics.median(self.rates)


@dataclass(frozen=True)
class JobResult:
    """One job, and all who did it.

    Attributes
    ----------
    key, title : str
        Stable, and one sentence for people.
    unit : str
        What an item is, in the plural, such as ``images``.
    item_bytes, batch_size, source_bytes : int
        Bytes of a finished item, items a batch, bytes of the data.
    limit : Limit
        What the machine can write.
    results : tuple of Result
        Ours first.
    """

    key: str
    title: str
    unit: str
    item_bytes: int
    batch_size: int
    source_bytes: int
    limit: Limit
    results: tuple[Result, ...]


@dataclass(frozen=True)
class Benchmark:
    """All jobs, with all one needs to believe or repeat them.

    Attributes
    ----------
    machine : Machine
        Where it was measured.
    packages : dict of str to str
        Versions of the peers that were installed.
    command : str
        What to type to measure it again.
    date : str
        Of the day, as in ISO 8601.
    seconds : float
        How long the whole took.
    jobs : tuple of JobResult
        In the order they were run.
    """

    machine: Machine
    packages: dict[str, str]
    command: str
    date: str
    seconds: float
    jobs: tuple[JobResult, ...]

    def without_memory_curves(self) -> Benchmark:
        """Return the same with the peak alone of each contender's memory."""
        jobs = (
            replace(job, results=tuple(replace(result, memory=()) for result in job.results))
            for job in self.jobs
        )
        return replace(self, jobs=tuple(jobs))

    def as_json(self) -> str:
        """Return every fact as JSON; a memory curve that is not kept has no entry."""
        facts = asdict(self)
        for result in (result for job in facts["jobs"] for result in job["results"]):
            if not result["memory"]:
                del result["memory"]
        return json.dumps({"schema": SCHEMA, **facts}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Benchmark:
        """Return the benchmark that `as_json` wrote.

        Raises
        ------
        ValueError
            If the text is of another schema.
        """
        facts = json.loads(text)
        schema = facts.pop("schema", None) if isinstance(facts, dict) else None
        if schema != SCHEMA:
            message = f"expected the schema {SCHEMA!r}, got {schema!r}; write it with --json"
            raise ValueError(message)
        facts["machine"] = Machine(**facts["machine"])
        facts["jobs"] = tuple(_job_from(job) for job in facts["jobs"])
        return cls(**facts)


def _job_from(facts: dict[str, Any]) -> JobResult:
    limit = Limit(tuple(facts["limit"]["rates"]))
    results = tuple(_result_from(result) for result in facts["results"])
    return JobResult(**{**facts, "limit": limit, "results": results})


def _result_from(facts: dict[str, Any]) -> Result:
    return Result(
        **{
            **facts,
            "outcome": Outcome(facts["outcome"]),
            "rounds": tuple(Round(**each) for each in facts["rounds"]),
            "memory": tuple((seconds, nbytes) for seconds, nbytes in facts.get("memory", ())),
        }
    )
