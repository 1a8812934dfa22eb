"""From what was made to what is handed out: rows of a batch, arrays, or tensors on their bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from samebytes.dataset.structure import flatten
from samebytes.share.tensorflow import as_tensors

__all__ = ["rows_of", "tensors_of"]


def rows_of(element: Any, count: int) -> list[Any]:
    """Give the samples of a batch; never copies."""
    leaves, structure = flatten(element)
    return [structure.rebuild([leaf[row] for leaf in leaves]) for row in range(count)]


def tensors_of(elements: list[Any]) -> list[Any]:
    """Give elements as tensors, on the same bytes where these are aligned; may copy single samples.

    A component of all elements is handed over in one call where their arrays lie one behind the
    other in memory, as those of small batches and of single samples do.
    """
    taken = [flatten(element) for element in elements]
    columns = [
        as_tensors([_as_array(leaf) for leaf in leaves])
        for leaves in zip(*(leaves for leaves, _ in taken), strict=True)
    ]
    return [
        structure.rebuild(list(leaves))
        for (_, structure), leaves in zip(taken, zip(*columns, strict=True), strict=True)
    ]


def _as_array(leaf: Any) -> Any:
    return leaf if hasattr(leaf, "dtype") else np.asarray(leaf)
