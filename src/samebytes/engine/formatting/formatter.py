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
    """How elements are handed out to those who asked for a format by its name.

    Attributes
    ----------
    name : str
        What ``with_format`` calls it.
    element : callable
        Of one element, arrays nested as the dataset's are, its tensors in the same nesting. Shares
        what it can: an array's memory goes back to its pool when the last alias has died.
    rows : callable
        Of a batch and its number of samples, the samples one by one.
    batches : callable, optional
        Of the structure and the memory of several batches, those batches, for frameworks that can
        be given memory without an array in between. Without it, arrays are made and go to
        `element`.
    check : callable
        Refuses, before anything is made, components that the framework has no tensors for; it is
        given their names and dtypes.
    """

    name: str
    element: Callable[[Any], Any]
    rows: Callable[[Any, int], list[Any]]
    batches: Callable[[Structure, Sequence[BlockViews]], list[Any]] | None = None
    check: Callable[[Iterable[tuple[str, np.dtype[Any]]]], None] = _anything
