"""How much memory this process can still have, as the system counts it."""

from __future__ import annotations

import sys
from pathlib import Path

from samebytes.memory.cores import CGROUP_ROOT

__all__ = ["available_memory", "field_of", "left_in_group", "left_in_limit"]

MEMINFO = Path("/proc/meminfo")
SELF = Path("/proc/self")


def available_memory(
    root: Path = CGROUP_ROOT, meminfo: Path = MEMINFO, *, swap: bool = True
) -> int | None:
    """Return the bytes that new work can have, None where nobody says; takes about 0.1 ms.

    The least of what the machine has, what the control group's limit leaves (a container's, or
    that of a service), and what the limit of the process's own address space leaves. Pages of
    files count as free: the kernel drops them when memory is short.

    Parameters
    ----------
    root, meminfo : Path
        Where the kernel tells.
    swap : bool
        Whether free swap counts as memory.
    """
    machine = field_of(meminfo, "MemAvailable")
    spare = (field_of(meminfo, "SwapFree") or 0) if swap else 0
    machine = None if machine is None else machine + spare
    found = (machine, left_in_group(root, spare), left_in_limit())
    return min((one for one in found if one is not None), default=None)


def field_of(path: Path, name: str) -> int | None:
    """Return a ``Name: 12 kB`` line of a file of the kernel in bytes, None without one."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    return None


def left_in_group(root: Path = CGROUP_ROOT, spare: int = 0) -> int | None:
    """Return what the control group's limit leaves, None without a limit.

    Reads version 2 (``memory.max``), then version 1 (``memory.limit_in_bytes``), of the process's
    own group and all that hold it. `spare` is swap that could be had beyond a limit of memory
    alone.
    """
    left = [_left_in_version_2(group, spare) for group in _groups(root)]
    if all(one is None for one in left):
        left = [_left_in_version_1(group) for group in _groups(root / "memory", "memory")]
    return min((one for one in left if one is not None), default=None)


def _groups(root: Path, controller: str = "") -> list[Path]:
    """Return the directories of the process's group, from its own to the outermost.

    A line of ``cgroup`` has a number, the controllers (none in version 2), and the group.
    """
    try:
        lines = (SELF / "cgroup").read_text().splitlines()
    except OSError:
        lines = []
    parts = (line.split(":", 2) for line in lines)
    found = (part[2] for part in parts if len(part) == 3 and controller in part[1].split(","))
    own = next(found, "").lstrip("/")
    inner = root / own
    return (
        [root]
        if not own or ".." in own
        else [inner, *(p for p in inner.parents if root in p.parents), root]
    )


def _left_in_version_2(group: Path, spare: int) -> int | None:
    limit = _number(group / "memory.max")
    used = _used(group / "memory.stat", ("anon", "shmem"))
    if limit is None or used is None:
        return None
    most = _number(group / "memory.swap.max")
    if most is not None:
        spare = min(spare, max(0, most - (_number(group / "memory.swap.current") or 0)))
    return max(0, limit - used) + spare


def _left_in_version_1(group: Path) -> int | None:
    limit = _number(group / "memory.limit_in_bytes")
    used = _used(group / "memory.stat", ("total_rss", "total_shmem"))
    # Without a limit it says the largest whole number of pages that there is.
    if limit is None or used is None or limit >= 1 << 60:
        return None
    return max(0, limit - used)


def _number(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None  # "max" in version 2: there is no limit


def _used(path: Path, names: tuple[str, ...]) -> int | None:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    fields = (line.split() for line in lines)
    return sum(int(parts[1]) for parts in fields if len(parts) > 1 and parts[0] in names)


def left_in_limit() -> int | None:
    """Return what ``ulimit -v`` leaves of the process's address space, None without a limit."""
    if sys.platform == "win32":
        return None
    import resource  # not there on Windows

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    used = field_of(SELF / "status", "VmSize")
    if limit == resource.RLIM_INFINITY or used is None:
        return None
    return max(0, limit - used)
