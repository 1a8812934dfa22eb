"""The jobs: what users feed models with."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.jobs.fit import Fit
from benchmarks.peers.jobs.images import Images
from benchmarks.peers.jobs.job import Job
from benchmarks.peers.jobs.tokens import Tokens
from benchmarks.peers.jobs.windows import Windows

__all__ = ["FULL", "QUICK", "job_from"]

FULL: tuple[Job, ...] = (Images(), Windows(), Tokens(), Fit())
QUICK: tuple[Job, ...] = (Images(count=300), Windows(), Tokens(), Fit(count=3072))


def job_from(facts: dict[str, Any]) -> Job:
    """Return the job that `Job.facts` told of."""
    fields = dict(facts)
    key = fields.pop("key")
    kind = next(type(job) for job in FULL if job.key == key)
    return kind(**fields)
