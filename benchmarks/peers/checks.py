"""Whether a contender does the job: shape, dtype, range, origin, order and freshness."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from benchmarks.peers.jobs.job import Job, require
from benchmarks.peers.turns import Turns

__all__ = ["check"]

BATCHES = 3


def check(turns: Turns, job: Job, folder: Path) -> None:
    """Look at the first batches.

    Raises
    ------
    WrongBatchError
        If a batch is not what the job asks for, is in the data's own order, or comes twice.
    """
    places = [job.places(batch, folder) for batch in turns.first_batches(BATCHES)]
    # By chance one small batch may be in order; that all are is none.
    in_order = places and all((np.diff(indices) > 0).all() for indices in places)
    require(not in_order, "expected shuffled batches, got samples in the order of the data")
    for one, other in itertools.pairwise(places):
        require(not np.array_equal(one, other), "expected fresh batches, got one twice")
