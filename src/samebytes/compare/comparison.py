"""The comparison: every way measured in a child process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from samebytes.compare.trial import Trial
from samebytes.compare.way import Way
from samebytes.compare.ways import WAYS
from samebytes.measure.machine import Machine, this_machine
from samebytes.measure.memory import available_bytes
from samebytes.share.layout import as_bytes_text

__all__ = ["Comparison", "Outcome", "Row", "compare", "fitting_bytes", "measure_in_child"]

SCHEMA = "samebytes.compare/1"

# The data, TensorFlow's two copies of it, and for from_tensor_slices a third; the rest is air.
_SHARE_OF_MEMORY = 6
_SHARE_OF_DISK = 2
_START_SECONDS = 60
_SECONDS_PER_GIGABYTE = 60


class Outcome(str, Enum):
    """How a way ended."""

    SHARED = "shared"
    COPIED = "copied"
    REFUSED = "refused"
    KILLED = "killed"
    TIMED_OUT = "timed out"
    FAILED = "failed"


@dataclass(frozen=True)
class Row:
    """One row of the table: a way, and what came of it.

    Attributes
    ----------
    way : Way
        What was measured.
    outcome : Outcome
        How it ended.
    trial : Trial or None
        What the child found; None when it did not live to tell.
    detail : str
        The error it refused with, the signal that killed it, or what else went wrong.
    """

    way: Way
    outcome: Outcome
    trial: Trial | None = None
    detail: str = ""

    def facts(self) -> dict[str, Any]:
        """Return all of it as plain values, for JSON."""
        way = self.way
        return {
            "key": way.key,
            "kind": way.kind.value,
            "code": way.code,
            "given": way.given.name,
            "note": way.note,
            "outcome": self.outcome.value,
            "survived": self.outcome not in {Outcome.KILLED, Outcome.TIMED_OUT},
            "detail": self.detail,
            **asdict(self.trial or Trial(0, ())),
        }


@dataclass(frozen=True)
class Comparison:
    """The whole table, with all one needs to believe or repeat it.

    Attributes
    ----------
    nbytes : int
        Size of the data that each way was given.
    remark : str
        Why that is less than asked for; empty when it is not.
    machine : Machine
        Where it was measured.
    command : str
        What to type to measure it again.
    seconds : float
        How long the whole took.
    rows : tuple of Row
        In the order of `samebytes.compare.ways.WAYS`.
    """

    nbytes: int
    remark: str
    machine: Machine
    command: str
    seconds: float
    rows: tuple[Row, ...]

    def as_json(self) -> str:
        """Return every fact as JSON."""
        facts = {
            "schema": SCHEMA,
            "nbytes": self.nbytes,
            "remark": self.remark,
            "machine": asdict(self.machine),
            "command": self.command,
            "seconds": self.seconds,
            "rows": [row.facts() for row in self.rows],
        }
        return json.dumps(facts, indent=2) + "\n"


def fitting_bytes(wanted: int) -> tuple[int, str]:
    """Return the size that this machine has room for, and a sentence if that is less than `wanted`.

    The data and its copies must fit into memory, and one way writes the data to disk.
    """
    folder = tempfile.gettempdir()
    limits = {f"disk of {folder}": shutil.disk_usage(folder).free // _SHARE_OF_DISK}
    memory = available_bytes()
    if memory is not None:
        limits["memory"] = memory // _SHARE_OF_MEMORY
    scarce = min(limits, key=limits.__getitem__)
    if wanted <= limits[scarce]:
        return wanted, ""
    remark = (
        f"{as_bytes_text(limits[scarce])} instead of {as_bytes_text(wanted)}: more would not fit "
        f"into the available {scarce}, copies included"
    )
    return limits[scarce], remark


def compare(
    nbytes: int,
    *,
    ways: Sequence[Way] = WAYS,
    announce: Callable[[Way], None] = lambda _: None,
    command: str = "",
) -> Comparison:
    """Measure each of `ways` on `nbytes`, or less where that does not fit, one after another.

    Parameters
    ----------
    nbytes : int
        Size of the data.
    ways : sequence of Way
        All of them by default.
    announce : callable
        Called with each way before it is measured.
    command : str
        What was typed for it, if it was.
    """
    fitting, remark = fitting_bytes(nbytes)
    start = time.perf_counter()
    rows = []
    for way in ways:
        announce(way)
        rows.append(measure_in_child(way, fitting))
    return Comparison(
        nbytes=fitting,
        remark=remark,
        machine=this_machine(),
        command=command or f"samebytes compare --size {nbytes}",
        seconds=time.perf_counter() - start,
        rows=tuple(rows),
    )


def measure_in_child(way: Way, nbytes: int) -> Row:
    """Measure `way` in a process of its own, whatever becomes of that."""
    timeout = _START_SECONDS + _SECONDS_PER_GIGABYTE * nbytes / 1e9
    command = [sys.executable, "-m", "samebytes.compare.child", way.key, str(nbytes)]
    # The child's files lie where they go with it, also when it is killed.
    with tempfile.TemporaryDirectory(prefix="samebytes-compare-") as scratch:
        try:
            child = subprocess.run(  # noqa: S603 (this Python, this package)
                command,
                env={**os.environ, "TMPDIR": str(Path(scratch))},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Row(way, Outcome.TIMED_OUT, detail=f"no result after {timeout:.0f} s")
    if child.returncode < 0:
        return Row(way, Outcome.KILLED, detail=signal.Signals(-child.returncode).name)
    lines = child.stdout.splitlines()
    if child.returncode != 0 or not lines:
        last = (child.stderr.splitlines() or ["no message"])[-1]
        return Row(way, Outcome.FAILED, detail=f"exit code {child.returncode}: {last}")
    return _row_from(way, json.loads(lines[-1]))


def _row_from(way: Way, facts: dict[str, Any]) -> Row:
    shapes = {name: facts[name] and tuple(facts[name]) for name in ("shape", "expected_shape")}
    trial = Trial(**{**facts, **shapes})
    if trial.error is not None:
        return Row(way, Outcome.REFUSED, trial, trial.error)
    if not trial.values_equal:
        return Row(way, Outcome.FAILED, trial, "the values differ")
    return Row(way, Outcome.SHARED if trial.shared else Outcome.COPIED, trial)
