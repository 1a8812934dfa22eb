"""On which kind of file system a file lies."""

from __future__ import annotations

import functools
import os
from pathlib import Path

__all__ = ["filesystem_of", "is_network"]

MOUNTS = Path("/proc/self/mountinfo")

NETWORK = frozenset(
    {
        *("9p", "afs", "beegfs", "ceph", "cifs", "gfs2", "glusterfs", "gpfs", "lustre", "nfs"),
        *("nfs4", "ocfs2", "orangefs", "panfs", "smb3", "smbfs", "vboxsf", "virtiofs", "weka"),
    }
)
"""Kinds whose pages come over a network, or from the host of a virtual machine."""


def filesystem_of(path: str | os.PathLike[str], mounts: Path = MOUNTS) -> str | None:
    """Return the kind of file system that a file lies on, as ``ext4``; None where nobody says.

    Parameters
    ----------
    path : str or path-like
        The file.
    mounts : Path
        Where the kernel tells what is mounted.
    """
    try:
        return _kind_of(Path(path).stat().st_dev, mounts)
    except OSError:
        return None


@functools.lru_cache(maxsize=64)
def _kind_of(device: int, mounts: Path) -> str | None:
    """Return the kind of a device; looked up once, for a thousand files lie on one."""
    lines = mounts.read_text().splitlines()
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in lines:
        fields, _, rest = line.partition(" - ")
        parts = fields.split()
        if len(parts) > 2 and parts[2] == wanted and rest:
            return rest.split()[0]
    return None


def is_network(kind: str | None) -> bool:
    """Return whether a kind of file system is one where mapped pages are slow, or may hang."""
    return kind is not None and (kind in NETWORK or kind.startswith("fuse"))
