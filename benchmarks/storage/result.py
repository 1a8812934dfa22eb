"""What was found: jobs, ways and turns, as facts that travel as JSON."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from benchmarks.peers.result import Outcome
from samebytes.measure.machine import Machine

__all__ = ["SCHEMA", "Bound", "JobResult", "Result", "Role", "StorageBenchmark", "Turn"]

SCHEMA = "samebytes.storage/1"


class Role(str, Enum):
    """Who does a job."""

    BARE = "bare"
    OURS = "ours"
    PEER = "peer"


@dataclass(frozen=True)
class Turn:
    """One turn of one way.

    Attributes
    ----------
    samples : int
        How many it gave.
    seconds, cpu_seconds : float
        By the wall clock, and of the processor, worker processes included.
    disk_bytes : int
        That the disk had to read for it, in those seconds.
    counts : dict of str to float
        What else it tells of the whole turn.
    """

    samples: int
    seconds: float
    cpu_seconds: float
    disk_bytes: int
    counts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """One way of doing a job.

    Attributes
    ----------
    key, name : str
        Stable, and for people.
    role : Role
        Bare reads, this library, or a peer.
    settings : str
        How it is set up.
    outcome : Outcome
        Whether it was measured.
    detail : str
        Which package is absent, or what it failed with; empty when it was measured.
    turns : tuple of Turn
        In the order they were run.
    """

    key: str
    name: str
    role: Role
    settings: str
    outcome: Outcome
    detail: str = ""
    turns: tuple[Turn, ...] = ()

    @property
    def rates(self) -> tuple[float, ...]:
        """Samples a second, turn by turn."""
        return tuple(turn.samples / turn.seconds for turn in self.turns)

    @property
    def rate(self) -> float:
        """The median of the rates."""
        return statistics.median(self.rates)

    @property
    def disk_rate(self) -> float:
        """The median of the bytes that the disk read a second."""
        return statistics.median(turn.disk_bytes / turn.seconds for turn in self.turns)


@dataclass(frozen=True)
class Bound:
    """What is to be reached, and what was.

    Attributes
    ----------
    words : str
        What the rate was divided by.
    least : float
        What the ratio is to be at least.
    ratio : float
        What it was.
    """

    words: str
    least: float
    ratio: float

    @property
    def reached(self) -> bool:
        """Whether it was."""
        return self.ratio >= self.least

    def __str__(self) -> str:
        """Return one sentence."""
        verdict = "reached" if self.reached else "MISSED"
        return f"{verdict}: {self.ratio:.4g} times {self.words}, at least {self.least:g} is asked"


@dataclass(frozen=True)
class JobResult:
    """One job, and all the ways it was done.

    Attributes
    ----------
    key, title, unit : str
        Stable, one sentence for people, and what a sample is, in the plural.
    sample_bytes : int
        Bytes of the file that a sample needs.
    source_bytes : int
        Bytes of the file.
    compared : str
        What bare reads are here, and why the comparison is fair.
    results : tuple of Result
        Bare reads first.
    bounds : tuple of Bound
        Of those that could be measured.
    left_out : str
        Why the job was not done at all; empty if it was.
    """

    key: str
    title: str
    unit: str
    sample_bytes: int
    source_bytes: int
    compared: str
    results: tuple[Result, ...] = ()
    bounds: tuple[Bound, ...] = ()
    left_out: str = ""

    @property
    def measured(self) -> tuple[Result, ...]:
        """Those that came to a good end."""
        return tuple(one for one in self.results if one.outcome is Outcome.MEASURED)


@dataclass(frozen=True)
class StorageBenchmark:
    """All jobs, with all one needs to believe or repeat them.

    Attributes
    ----------
    machine : Machine
        Where it was measured.
    disk : str
        What the files lay on.
    memory_bytes : int
        What each process and its workers might have, pages of files included.
    packages : dict of str to str
        Versions of the peers that were installed.
    command, date : str
        What to type to measure it again, and the day, as in ISO 8601.
    seconds : float
        How long the whole took.
    jobs : tuple of JobResult
        In the order they were run.
    """

    machine: Machine
    disk: str
    memory_bytes: int
    packages: dict[str, str]
    command: str
    date: str
    seconds: float
    jobs: tuple[JobResult, ...]

    def as_json(self) -> str:
        """Return every fact as JSON."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> StorageBenchmark:
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
    results = tuple(_result_from(result) for result in facts["results"])
    bounds = tuple(Bound(**bound) for bound in facts["bounds"])
    return JobResult(**{**facts, "results": results, "bounds": bounds})


def _result_from(facts: dict[str, Any]) -> Result:
    changed = {
        "role": Role(facts["role"]),
        "outcome": Outcome(facts["outcome"]),
        "turns": tuple(Turn(**turn) for turn in facts["turns"]),
    }
    return Result(**{**facts, **changed})
