"""A contender's process as the parent sees it: told what to do, stopped between turns, ended."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.contender import Contender
from benchmarks.peers.jobs.job import Job
from benchmarks.peers.memory_curve import MemoryCurve
from benchmarks.peers.process_group import group_memory
from benchmarks.peers.result import Round

__all__ = ["TIMEOUTS", "ContenderFailedError", "ContenderProcess", "Timeouts"]

_SAMPLED_EVERY = 0.1
# Where `benchmarks` is found, which no environment installs.
_ROOT = Path(__file__).parents[2]


class ContenderFailedError(Exception):
    """A contender died, hung, raised or gave what is wrong; the message says which."""


@dataclass(frozen=True)
class Timeouts:
    """How many seconds a contender may be silent before it counts as hanging.

    Attributes
    ----------
    opening : float
        For its imports, and for opening the data.
    turn : float
        For a turn, beyond what that is to last.
    """

    opening: float = 120
    turn: float = 60


TIMEOUTS = Timeouts()


class ContenderProcess:
    """One contender's process, from its start to its end."""

    def __init__(
        self, contender: Contender, job: Job, folder: Path, timeouts: Timeouts = TIMEOUTS
    ) -> None:
        self.contender = contender
        self.memory = MemoryCurve()
        self.rounds: list[Round] = []
        self._timeouts = timeouts
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process)
        facts = {
            "home": contender.home,
            "contender": contender.key,
            "job": job.facts(),
            "folder": str(folder),
        }
        command = [sys.executable, "-m", "benchmarks.peers.child", json.dumps(facts)]
        self._process = subprocess.Popen(
            command,
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            bufsize=0,
        )
        self._unread = b""

    @property
    def process_id(self) -> int:
        """Return the number of its process, which is that of its process group."""
        return self._process.pid

    def open(self, warm: float) -> None:
        """Have it import what it needs, open the data, be checked, and run for `warm` seconds.

        Raises
        ------
        ContenderFailedError
            If that does not come to a good end.
        """
        self._answer(self._timeouts.opening, "importing", watched=False)
        self.memory.begin(group_memory(self._process.pid))
        self._tell("open")
        self._answer(self._timeouts.opening, "opening the data and giving its first batches")
        self.run(0, warm)

    def run(self, lead: float, seconds: float) -> Round:
        """Give it a turn, and return it; outside of turns all its processes are stopped."""
        self._signal(signal.SIGCONT)
        self._tell(f"run {lead} {seconds}")
        facts = self._answer(lead + seconds + self._timeouts.turn, "its turn")
        self._signal(signal.SIGSTOP)
        turn = Round(**facts)
        if turn.items == 0:
            message = f"made nothing in {turn.seconds:.1f} s"
            raise ContenderFailedError(message)
        return turn

    def end(self) -> None:
        """End it and its workers, whatever they are doing; doing so twice is no harm."""
        if self._complaints.closed:
            return
        self._signal(signal.SIGKILL)
        self._process.kill()  # one that never came to be a group
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._complaints):
            if pipe is not None:
                pipe.close()

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return  # it is gone, which the next answer tells

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
        except BrokenPipeError:
            raise ContenderFailedError(self._how_it_died()) from None

    def _answer(self, timeout: float, doing: str, *, watched: bool = True) -> dict[str, Any]:
        """Wait for a line, looking at the memory meanwhile."""
        assert self._process.stdout is not None
        began = time.perf_counter()
        while b"\n" not in self._unread:
            waited = time.perf_counter() - began
            if waited > timeout:
                message = f"hangs: no answer in {timeout:.0f} s, while {doing}"
                raise ContenderFailedError(message)
            if select.select([self._process.stdout], [], [], _SAMPLED_EVERY)[0]:
                piece = self._process.stdout.read(65536)
                if not piece:
                    raise ContenderFailedError(self._how_it_died())
                self._unread += piece
            if watched:
                self.memory.add(time.perf_counter() - began, group_memory(self._process.pid))
        if watched:
            self.memory.pause(time.perf_counter() - began)
        line, _, self._unread = self._unread.partition(b"\n")
        facts: dict[str, Any] = json.loads(line)
        if "error" in facts:
            raise ContenderFailedError(facts["error"])
        return facts

    def _how_it_died(self) -> str:
        code = self._process.wait()
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "no message")
        return f"ended with exit code {code}: {last.strip()}"
