"""The process in which one contender lives: it opens the data, is checked, and waits for its turn.

Run as ``python -m benchmarks.peers.child FACTS``. It answers on standard output, a line of
JSON for each line that it is sent: a greeting once all is imported, then ``open``, then any number
of ``run LEAD SECONDS``. It ends when standard input does.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import samebytes.measure.tensorflow_startup
from benchmarks.peers.checks import check
from benchmarks.peers.contender import Contender
from benchmarks.peers.jobs import job_from
from benchmarks.peers.jobs.job import Job
from benchmarks.peers.turns import Pulling, Turns

__all__ = ["main", "open_contender"]

_DIE_WITH_PARENT = 1


def main() -> int:
    """Serve one contender until standard input ends, and return the exit code."""
    _leave_with_parent()
    facts = json.loads(sys.argv[1])
    answers = _take_standard_output()
    try:
        return _serve(facts, answers)
    except BaseException as error:
        _answer(answers, {"error": f"{type(error).__name__}: {error}".partition("\n")[0]})
        raise


def _serve(facts: dict[str, Any], answers: TextIO) -> int:
    samebytes.measure.tensorflow_startup.hide_accelerators()
    job, folder = job_from(facts["job"]), Path(facts["folder"])
    contender = _find(facts["home"], job.key, facts["contender"])
    for module in contender.modules:
        _import(module)
    _answer(answers, {"ready": True})
    turns: Turns | None = None
    for line in sys.stdin:
        command, *numbers = line.split()
        if command == "open":
            turns = open_contender(contender, job, folder)
            _answer(answers, {"open": True})
        elif turns is not None:
            lead, seconds = map(float, numbers)
            _answer(answers, asdict(turns.run(lead, seconds)))
    # Threads and workers that hang in a peer shall not keep the process alive.
    os._exit(0)


def open_contender(contender: Contender, job: Job, folder: Path) -> Turns:
    """Return a contender that has opened the data and whose first batches are right."""
    started = contender.start(job, folder)
    turns: Turns = started if isinstance(started, Turns) else Pulling(started, job)
    check(turns, job, folder)
    return turns


def _find(home: str, job: str, key: str) -> Contender:
    contenders: tuple[Contender, ...] = importlib.import_module(home).CONTENDERS
    return next(each for each in contenders if (each.job, each.key) == (job, key))


def _import(module: str) -> None:
    if module == "tensorflow":
        samebytes.measure.tensorflow_startup.import_quietly()
    else:
        importlib.import_module(module)


def _leave_with_parent() -> None:
    """Be a process group of one's own, to be stopped as a whole, that dies with the parent."""
    os.setpgrp()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _take_standard_output() -> TextIO:
    """Return what was standard output, to answer on; what anyone prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def _answer(answers: TextIO, facts: dict[str, Any]) -> None:
    answers.write(json.dumps(facts) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
