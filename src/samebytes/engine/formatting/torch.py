"""Elements as PyTorch's tensors, on the pooled bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from samebytes.engine.block_views import BlockViews
from samebytes.engine.formatting.formatter import Formatter
from samebytes.plan.tree import Structure, flatten
from samebytes.share.buffer import view
from samebytes.share.loaded import loaded_class
from samebytes.share.torch import (
    check_torch_components,
    torch_tensor_of,
    torch_tensors_on,
    torch_tensors_on_rows,
)

__all__ = ["FORMATTER"]


def _tensors_of(element: Any) -> Any:
    """Return an element as tensors; shares what may be written to and copies the rest."""
    leaves, structure = flatten(element)
    return structure.rebuild(
        [_tensor(name, leaf) for name, leaf in zip(structure.names, leaves, strict=True)]
    )


def _tensor(name: str, leaf: Any) -> Any:
    """Return one component of what ran after the pass: a function may have given anything."""
    kind = loaded_class("torch", "Tensor")
    if kind is not None and isinstance(leaf, kind):
        return leaf
    array = view(leaf) if hasattr(leaf, "dtype") else np.asarray(leaf)
    check_torch_components([(name, array.dtype)])
    return torch_tensor_of(array)


def _tensors_of_rows(element: Any, count: int) -> list[Any]:  # noqa: ARG001 (as many as there are)
    """Return the samples of a batch as tensors; shares rows that may be written to."""
    leaves, structure = flatten(element)
    for name, leaf in zip(structure.names, leaves, strict=True):
        check_torch_components([(name, np.asarray(leaf).dtype)])
    return _nested(structure, [torch_tensors_on_rows(np.asarray(leaf)) for leaf in leaves])


def _tensors_of_batches(structure: Structure, views: Sequence[BlockViews]) -> list[Any]:
    """Return batches made together as tensors, each with a storage of its own; never copies.

    A tensor that were a part of one storage for all would be saved, and sent to another process,
    together with its neighbours.
    """
    return _nested(structure, [torch_tensors_on(one.arrays()) for one in views])


def _nested(structure: Structure, columns: Sequence[Sequence[Any]]) -> list[Any]:
    return [structure.rebuild(list(leaves)) for leaves in zip(*columns, strict=True)]


FORMATTER = Formatter(
    "torch", _tensors_of, _tensors_of_rows, _tensors_of_batches, check_torch_components
)
