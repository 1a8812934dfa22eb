"""What a process and its workers use: they are one process group, which the kernel counts."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

__all__ = ["group_memory", "members", "processor_seconds"]

_PROC = Path("/proc")
_GROUP, _USER, _SYSTEM = 2, 11, 12
"""Fields of a stat line, counted behind the name."""

_ALONE = ("RssAnon", "RssShmem")
_TOGETHER = ("Pss_Anon", "Pss_Shmem")


def members(group: int) -> list[int]:
    """Return the processes of a group; none where the system has no ``/proc``."""
    if not _PROC.is_dir():
        return []
    processes = []
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            fields = _stat(int(folder.name))
            if fields and int(fields[_GROUP]) == group:
                processes.append(int(folder.name))
    return processes


def processor_seconds() -> float:
    """Return what this process and all its workers have used of the processor, dead ones too."""
    waited_for = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    for process in members(os.getpgrp()):
        if process != os.getpid():
            fields = _stat(process)
            ticks += int(fields[_USER]) + int(fields[_SYSTEM]) if fields else 0
    workers = ticks / os.sysconf("SC_CLK_TCK")
    return time.process_time() + waited_for.ru_utime + waited_for.ru_stime + workers


def group_memory(group: int) -> int:
    """Return the memory of a process group that no file stands behind, in bytes.

    Forked workers share most of it: where there are several, each page is counted once, which
    takes the kernel longer.
    """
    processes = members(group)
    if len(processes) == 1:
        return _kilobytes(_PROC / str(processes[0]) / "status", _ALONE) * 1024
    rollups = (_PROC / str(process) / "smaps_rollup" for process in processes)
    return sum(_kilobytes(rollup, _TOGETHER) for rollup in rollups) * 1024


def _stat(process: int) -> list[str]:
    """Return the fields behind the name, which may hold spaces; none of one that is gone."""
    try:
        line = (_PROC / str(process) / "stat").read_text()
    except OSError:
        return []
    return line.rpartition(")")[2].split()


def _kilobytes(path: Path, names: tuple[str, ...]) -> int:
    """Return the sum of some ``Name: 12 kB`` lines; nothing for a process that is gone."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    parted = (line.partition(":") for line in lines)
    return sum(int(value.split()[0]) for name, _, value in parted if name in names)
