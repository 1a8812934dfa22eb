"""Elements as they were made: arrays on the pooled bytes."""

from __future__ import annotations

from typing import Any

from samebytes.engine.formatting.formatter import Formatter
from samebytes.plan.tree import flatten

__all__ = ["FORMATTER"]


def _element(element: Any) -> Any:
    return element


def rows_of(element: Any, count: int) -> list[Any]:
    """Return the samples of a batch; never copies."""
    leaves, structure = flatten(element)
    return [structure.rebuild([leaf[row] for leaf in leaves]) for row in range(count)]


FORMATTER = Formatter("numpy", _element, rows_of)
