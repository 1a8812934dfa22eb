"""Elements as TensorFlow's tensors, on the pooled bytes; strings are encoded, which copies them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from samebytes.engine.block_views import BlockViews
from samebytes.engine.formatting.formatter import Formatter
from samebytes.plan.tree import Structure, flatten
from samebytes.share.components import check_components
from samebytes.share.pooled import tensors_on, tensors_on_rows
from samebytes.share.strings import is_string
from samebytes.share.tensorflow import as_tensor, string_tensor

__all__ = ["FORMATTER", "tensors_of", "tensors_of_batches", "tensors_of_rows"]


def tensors_of(element: Any) -> Any:
    """Return an element as tensors; shares what is aligned and copies the rest."""
    leaves, structure = flatten(element)
    return structure.rebuild(
        [_tensor(name, leaf) for name, leaf in zip(structure.names, leaves, strict=True)]
    )


def _tensor(name: str, leaf: Any) -> Any:
    """Return one component of what ran after the pass: a function may have given anything."""
    array = leaf if hasattr(leaf, "dtype") else np.asarray(leaf)
    if isinstance(array, np.ndarray):
        if is_string(array.dtype):
            return string_tensor(array, f"component {name}")
        check_components([(name, array.dtype)])
    return as_tensor(array)


def tensors_of_rows(element: Any, count: int) -> list[Any]:  # noqa: ARG001 (as many as there are)
    """Return the samples of a batch as tensors; shares aligned rows and copies the rest."""
    leaves, structure = flatten(element)
    return _nested(structure, [tensors_on_rows(np.asarray(leaf)) for leaf in leaves])


def tensors_of_batches(structure: Structure, views: Sequence[BlockViews]) -> list[Any]:
    """Return batches made together as tensors; never copies where `as_tensor` would not."""
    return _nested(structure, [tensors_on(one.arrays()) for one in views])


def _nested(structure: Structure, columns: Sequence[Sequence[Any]]) -> list[Any]:
    return [structure.rebuild(list(leaves)) for leaves in zip(*columns, strict=True)]


FORMATTER = Formatter(
    "tensorflow", tensors_of, tensors_of_rows, tensors_of_batches, check_components
)
