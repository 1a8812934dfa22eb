"""How many cores this process may really use."""

from __future__ import annotations

import math
import os
from functools import lru_cache
from pathlib import Path

__all__ = ["available_cores", "quota_cores"]

CGROUP_ROOT = Path("/sys/fs/cgroup")


@lru_cache(maxsize=4)
def quota_cores(root: Path = CGROUP_ROOT) -> float | None:
    """Return the cores that the control group's quota pays for, or None without a quota.

    Read once in a process: it takes as long as all else that an epoch begins with.

    Containers limit processor time by quota, which neither the count of processors nor the
    affinity mask shows. Reads version 2 (``cpu.max``), then version 1 (``cpu.cfs_quota_us``).
    """
    try:
        quota, period = (root / "cpu.max").read_text().split()[:2]
    except (OSError, ValueError):
        try:
            quota = (root / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None  # "max" in version 2 and "-1" in version 1 mean that there is no limit
    return int(quota) / int(period)


def available_cores() -> int:
    """Return the number of threads worth running: affinity mask and quota, at least 1.

    Examples
    --------
    >>> available_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota = quota_cores()
    return max(1, cores if quota is None else min(cores, math.ceil(quota)))
