"""Real processes of one training, on the loopback: started, killed, and what they printed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"

TOLD_BY_OTHERS = {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "TF_CONFIG"}


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback that nobody has."""
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def environment(**more: str) -> dict[str, str]:
    """Return the environment of the tests, in which nobody tells of ranks, and more."""
    return {name: v for name, v in os.environ.items() if name not in TOLD_BY_OTHERS} | more


def start(
    command: Sequence[object], folder: Path, name: str, more: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that prints into a file of the folder; a group of its own can be killed."""
    with (folder / f"{name}.txt").open("wb") as printed:
        return subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=folder,
            env=environment(**(more or {})),
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def finish(processes: Sequence[subprocess.Popen[bytes]], timeout: float = 180) -> list[int]:
    """Return how each ended; none outlives this."""
    try:
        return [one.wait(timeout) for one in processes]
    finally:
        for one in processes:
            if one.poll() is None:
                os.killpg(one.pid, signal.SIGKILL)
                one.wait()


def wait_until_printed(path: Path, words: str, process: subprocess.Popen[bytes]) -> None:
    """Return once a process has printed something."""
    end = time.monotonic() + 120
    while words not in (path.read_text() if path.exists() else ""):
        assert process.poll() is None, path.read_text()
        assert time.monotonic() < end, path.read_text()
        time.sleep(0.01)


def losses_in(printed: str) -> dict[str, float]:
    """Return what was printed as ``...: loss ...``, by what stands before it."""
    return {
        name: float(loss)
        for name, loss in re.findall(r"^(.*): loss ([\d.]+)$", printed, re.MULTILINE)
    }


def furthest(losses: Mapping[str, float], others: Mapping[str, float]) -> float:
    """Return how far losses of the same names are apart at most."""
    assert losses.keys() == others.keys()
    assert losses
    return max(abs(loss - others[name]) for name, loss in losses.items())
