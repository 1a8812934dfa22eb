"""One way from NumPy to a tensor: what is typed, what it is given, and how it is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

__all__ = ["FirstRow", "Given", "Kind", "Way"]


class Kind(str, Enum):
    """Who is at work in a way; the headings of the table."""

    STOCK = "TensorFlow alone"
    SAMEBYTES = "samebytes"
    UNCHANGED = "unchanged TensorFlow code, on an array made with samebytes"
    BACK = "back to NumPy"


@dataclass(frozen=True)
class Given:
    """What a way starts from.

    Attributes
    ----------
    name : str
        As a person would call it.
    make : callable
        Gives it from a number of images.
    """

    name: str
    make: Callable[[int], Any]


@dataclass(frozen=True)
class Way:
    """One way, as a person would write it.

    Attributes
    ----------
    key : str
        Stable name.
    kind : Kind
        Who is at work.
    code : str
        The line that is measured.
    given : Given
        What ``x`` in it is (``t`` where it is a tensor).
    run : callable
        Runs the line, given the tensorflow module and ``x``.
    crop : bool
        Whether the line hands over the center crop of ``x``.
    row : bool
        Whether the line builds a dataset; its first row is then what came of it.
    note : str
        What a reader should know beside the figures.
    """

    key: str
    kind: Kind
    code: str
    given: Given
    run: Callable[[Any, Any], Any]
    crop: bool = False
    row: bool = False
    note: str = ""


@dataclass(frozen=True)
class FirstRow:
    """The first row of a dataset, with what must not be torn down while the clock runs."""

    row: Any
    alive: tuple[Any, ...]

    @classmethod
    def of(cls, dataset: Any) -> FirstRow:
        """Take the first row of `dataset`."""
        iterator = iter(dataset)
        return cls(next(iterator), (dataset, iterator))
