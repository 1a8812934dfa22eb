"""The jobs: what users feed models with."""

from __future__ import annotations

from typing import Any

from samebytes.report.bench.jobs.images import Images
from samebytes.report.bench.jobs.job import Job

__all__ = ["FULL", "QUICK", "job_from"]

FULL: tuple[Job, ...] = (Images(),)
QUICK: tuple[Job, ...] = (Images(count=300),)


def job_from(facts: dict[str, Any]) -> Job:
    """Give the job that `Job.facts` told of."""
    fields = dict(facts)
    key = fields.pop("key")
    kind = next(type(job) for job in FULL if job.key == key)
    return kind(**fields)
