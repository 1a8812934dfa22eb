"""Two jobs as one that reads all that both do."""

from __future__ import annotations

import numpy as np

from samebytes.engine.kernels.job import Job

__all__ = ["joined"]


def joined(one: Job, other: Job) -> Job:
    """Return what reads the samples of both, with nowhere to write to."""
    steps = one.geometry
    if len(one.geometry) > 1 or len(other.geometry) > 1:
        each = (np.broadcast_to(job.geometry, (len(job.places), 4)) for job in (one, other))
        steps = np.concatenate(list(each))
    return one._replace(places=np.concatenate([one.places, other.places]), geometry=steps)
