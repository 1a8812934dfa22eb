"""The jobs: what users feed models with."""

from __future__ import annotations

from typing import Any

from samebytes.report.bench.jobs.fit import Fit
from samebytes.report.bench.jobs.images import Images
from samebytes.report.bench.jobs.job import Job
from samebytes.report.bench.jobs.tokens import Tokens
from samebytes.report.bench.jobs.windows import Windows

__all__ = ["FULL", "QUICK", "job_from"]

FULL: tuple[Job, ...] = (Images(), Windows(), Tokens(), Fit())
QUICK: tuple[Job, ...] = (Images(count=300), Windows(), Tokens(), Fit(count=3072))


def job_from(facts: dict[str, Any]) -> Job:
    """Give the job that `Job.facts` told of."""
    fields = dict(facts)
    key = fields.pop("key")
    kind = next(type(job) for job in FULL if job.key == key)
    return kind(**fields)
