"""Which machine and which versions figures were measured with."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from samebytes.memory.cores import available_cores
from samebytes.share.layout import as_bytes_text

__all__ = ["Machine", "this_machine"]

_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """The machine and the versions at work.

    Attributes
    ----------
    processor, system : str
        As they call themselves.
    cores : int
        That this process may use.
    memory_bytes : int
        All of it, whoever uses it.
    versions : dict of str to str
        Of Python, NumPy, TensorFlow and samebytes.
    """

    processor: str
    system: str
    cores: int
    memory_bytes: int
    versions: dict[str, str]

    def __str__(self) -> str:
        """Return one line for people."""
        named = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        cores = f"{self.cores} core{'' if self.cores == 1 else 's'}"
        memory = as_bytes_text(self.memory_bytes)
        return f"{self.processor}, {cores}, {memory} of memory, {self.system}; {named}"


def this_machine() -> Machine:
    """Return the facts of the machine this runs on; imports no framework."""
    versions = {
        "Python": platform.python_version(),
        "NumPy": metadata.version("numpy"),
        "TensorFlow": _tensorflow_version(),
        "samebytes": metadata.version("samebytes"),
    }
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(_processor(), platform.system(), available_cores(), memory, versions)


def _tensorflow_version() -> str:
    # The module is the same whichever of the packages brought it.
    packages = metadata.packages_distributions().get("tensorflow", ())
    return next((metadata.version(name) for name in packages), "not installed")


def _processor() -> str:
    try:
        lines = _CPUINFO.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()
