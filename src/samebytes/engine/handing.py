"""From what was made to what is handed out: rows of a batch, arrays, or tensors on their bytes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from samebytes.dataset.structure import Structure, flatten
from samebytes.share.tensorflow import as_tensor, unstack

__all__ = ["rows_of", "tensors_of", "tensors_of_batches", "tensors_of_rows"]

Array = npt.NDArray[Any]


def rows_of(element: Any, count: int) -> list[Any]:
    """Give the samples of a batch; never copies."""
    leaves, structure = flatten(element)
    return [structure.rebuild([leaf[row] for leaf in leaves]) for row in range(count)]


def tensors_of(element: Any) -> Any:
    """Give an element as tensors; shares what is aligned and copies the rest."""
    leaves, structure = flatten(element)
    return structure.rebuild(
        [as_tensor(leaf if hasattr(leaf, "dtype") else np.asarray(leaf)) for leaf in leaves]
    )


def tensors_of_rows(element: Any) -> list[Any]:
    """Give the samples of a batch as tensors; shares rows that are aligned and copies the rest."""
    leaves, structure = flatten(element)
    return _nested(structure, [unstack(np.asarray(leaf)) for leaf in leaves])


def tensors_of_batches(structure: Structure, batches: Sequence[tuple[Array, ...]]) -> list[Any]:
    """Give batches that were made together as tensors on the same bytes.

    Parameters
    ----------
    structure : Structure
        Of an element.
    batches : sequence of tuple of ndarray
        The components of each. Those of one block lie one behind the other; where nothing is in
        between, and but for a smaller last one, all go over in one call.
    """
    return _nested(structure, [_column(arrays) for arrays in zip(*batches, strict=True)])


def _column(arrays: Sequence[Array]) -> list[Any]:
    first = arrays[0]
    alike = sum(1 for _ in itertools.takewhile(lambda one: one.shape == first.shape, arrays))
    if alike < 2 or arrays[1].ctypes.data - first.ctypes.data != first.nbytes:
        return [as_tensor(one) for one in arrays]
    # The first keeps the whole block alive, and each of the tensors keeps the first.
    stacked = as_strided(first, (alike, *first.shape), (first.nbytes, *first.strides))
    return [*unstack(stacked), *(as_tensor(one) for one in arrays[alike:])]


def _nested(structure: Structure, columns: Sequence[Sequence[Any]]) -> list[Any]:
    return [structure.rebuild(list(leaves)) for leaves in zip(*columns, strict=True)]
