"""A way of doing a job: who, how it is set up, and what it needs for that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.peers.contender import Package
from benchmarks.storage.measured import Pace
from benchmarks.storage.result import Role, Turn

__all__ = ["Task", "Way"]


@dataclass(frozen=True)
class Task:
    """What one process is to do.

    Attributes
    ----------
    pattern : Pattern
        What is asked of the source; which kind of pattern, each way knows.
    source : str
        A path or a URL.
    memory_bytes : int
        What the process may have.
    pace : Pace
        How long.
    """

    pattern: Any
    source: str
    memory_bytes: int
    pace: Pace


@dataclass(frozen=True)
class Way:
    """One way.

    Attributes
    ----------
    key, name : str
        Stable, unique within a job, and for people.
    role : Role
        Bare reads, this library, or a peer.
    settings : str
        How it is set up.
    run : callable
        Does a `Task`, in a process that has nothing else to do, and checks what came.
    package : Package or None
        What it needs.
    """

    key: str
    name: str
    role: Role
    settings: str
    run: Callable[[Task], Turn]
    package: Package | None = None
