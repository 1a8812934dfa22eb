"""What a formatter is: how the elements that were made are handed out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from samebytes.engine.block_views import BlockViews
    from samebytes.plan.tree import Structure

__all__ = ["Formatter"]


def _anything(components: Iterable[tuple[str, np.dtype[Any]]]) -> None:
    """Refuse nothing."""


@dataclass(frozen=True)
class Formatter:
    """How elements are handed out in a format that was asked for by name.

    Attributes
    ----------
    name : str
        What ``with_format`` calls it.
    element : callable
        Takes one element, as arrays nested like the dataset's, and returns its tensors in the same
        nesting. It shares what it can: an array's memory returns to its pool when the last alias
        has died.
    rows : callable
        Takes a batch and its number of samples, and returns the samples one by one.
    batches : callable, optional
        Takes the structure and the memory of several batches, and returns those batches, for
        frameworks that accept memory without an array in between. Without it, arrays are made and
        passed to `element`.
    check : callable
        Takes the names and dtypes of the components, and refuses, before anything is made, those
        that the framework has no tensors for.
    """

    name: str
    element: Callable[[Any], Any]
    rows: Callable[[Any, int], list[Any]]
    batches: Callable[[Structure, Sequence[BlockViews]], list[Any]] | None = None
    check: Callable[[Iterable[tuple[str, np.dtype[Any]]]], None] = _anything
