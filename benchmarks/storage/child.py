"""Measures one way of one job, in a process of its own, whose memory is limited.

``python -m benchmarks.storage.child FACTS``; prints the turns by the keys of ways as JSON, or the
error that it ended with.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.peers.jobs.job import WrongBatchError
from benchmarks.storage.disk import drop_pages
from benchmarks.storage.jobs import Job, job_of
from benchmarks.storage.knobs import turn_knobs
from benchmarks.storage.measured import Pace
from benchmarks.storage.memory_limit import MemoryLimit
from benchmarks.storage.result import Turn
from benchmarks.storage.way import Task

__all__ = ["measure"]


def measure(job: Job, way: str, task: Task) -> dict[str, Turn]:
    """Return the turns of a way by its key; of all of them where they run together."""
    if job.cold:
        drop_pages(Path(task.source))
    if job.together is not None:
        return job.together(task)
    chosen = next(each for each in job.ways if each.key == way)
    return {way: chosen.run(task)}


def main() -> None:
    """Measure, and print."""
    facts: dict[str, Any] = json.loads(sys.argv[1])
    os.setpgrp()  # so that workers are counted, and ended, with it
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what anyone prints goes to standard error
    if facts["limit"] is not None:
        MemoryLimit(Path(facts["limit"])).enter()
    turn_knobs(facts["knobs"])
    job = job_of(facts["job"])
    task = Task(job.pattern, facts["source"], facts["memory_bytes"], Pace(**facts["pace"]))
    try:
        found = measure(job, facts["way"], task)
    except (WrongBatchError, OSError, RuntimeError, ValueError) as error:
        answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"}))
    else:
        answers.write(json.dumps({key: asdict(turn) for key, turn in found.items()}))
    answers.flush()
    sys.stderr.flush()
    # Threads and workers that hang in a peer shall not keep the process alive.
    os._exit(0)


if __name__ == "__main__":
    main()
