"""Elements as JAX's arrays: on the pooled bytes where JAX runs on the processor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from samebytes.engine.block_views import BlockViews
from samebytes.engine.formatting.formatter import Formatter
from samebytes.plan.tree import Structure, flatten
from samebytes.share.jax import check_jax_components, jax_arrays_on

__all__ = ["FORMATTER"]


def _element(element: Any) -> Any:
    """Return an element as JAX's arrays; shares what is dense and aligned, and copies the rest."""
    leaves, structure = flatten(element)
    # A function that ran after the pass may have given anything, JAX's own arrays too.
    given = [leaf if hasattr(leaf, "dtype") else np.asarray(leaf) for leaf in leaves]
    places = [
        place for place, leaf in enumerate(given) if isinstance(leaf, (np.ndarray, np.generic))
    ]
    arrays = [np.asarray(given[place]) for place in places]
    names = [structure.names[place] for place in places]
    check_jax_components(zip(names, (array.dtype for array in arrays), strict=True))
    for place, array in zip(places, jax_arrays_on(arrays), strict=True):
        given[place] = array
    return structure.rebuild(given)


def _rows(element: Any, count: int) -> list[Any]:
    """Return the samples of a batch; shares aligned rows and copies the rest."""
    leaves, structure = flatten(element)
    return [
        _element(structure.rebuild([leaf[row, ...] for leaf in leaves])) for row in range(count)
    ]


def _batches(structure: Structure, views: Sequence[BlockViews]) -> list[Any]:
    """Return batches made together; never copies where JAX runs on the processor."""
    arrays = [array for one in views for array in one.arrays()]
    made = jax_arrays_on(arrays)  # in one call, which costs half of what many do
    count = len(arrays) // len(views)
    return [structure.rebuild(made[place::count]) for place in range(count)]


FORMATTER = Formatter("jax", _element, _rows, _batches, check_jax_components)
