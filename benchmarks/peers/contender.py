"""A contender: who does a job, how it is set up at its best, and what it needs for that."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "DALI",
    "GRAIN",
    "KERAS",
    "TENSORFLOW",
    "TORCH",
    "Contender",
    "Package",
    "absent",
]


@dataclass(frozen=True)
class Package:
    """What must be installed for a contender.

    Attributes
    ----------
    module : str
        That is imported.
    install : str
        What pip is asked for.
    """

    module: str
    install: str


TENSORFLOW = Package("tensorflow", "tensorflow-cpu")
KERAS = Package("keras", "tensorflow-cpu")
TORCH = Package("torch", "torch")
GRAIN = Package("grain", "grain")
DALI = Package("nvidia.dali", "nvidia-dali-cuda120")


@dataclass(frozen=True)
class Contender:
    """Who does a job.

    Attributes
    ----------
    job, key : str
        Keys of the job and, within it, of the contender.
    name : str
        For people.
    settings : str
        How it is set up, and why that is its best.
    start : callable
        Given the job and the folder of its data: an iterable of batches, which is iterated over
        anew whenever it ends, or a `Training`.
    package : Package or None
        What it needs beside NumPy.
    modules : tuple of str
        What is imported before memory counts.
    ours : bool
        Whether it is this library.
    """

    job: str
    key: str
    name: str
    settings: str
    start: Callable[[Any, Path], Any]
    package: Package | None = None
    modules: tuple[str, ...] = ()
    ours: bool = False

    @property
    def home(self) -> str:
        """Return the module in whose ``CONTENDERS`` a child finds it."""
        return self.start.__module__


def absent(package: Package | None) -> str:
    """Say what is not installed and how to have it; empty when all is there."""
    if package is None or _is_there(package.module):
        return ""
    return f"needs {package.module}; pip install {package.install}"


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a package around it
        return False
