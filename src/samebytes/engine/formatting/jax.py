"""Elements as JAX's arrays: on the pooled bytes where JAX runs on the processor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from samebytes.engine.block_views import BlockViews
from samebytes.engine.formatting.formatter import Formatter
from samebytes.plan.tree import Structure, flatten
from samebytes.share.jax import check_jax_components, jax_arrays_on, read_only

__all__ = ["FORMATTER", "arrays_of"]


def arrays_of(element: Any, places: list[Any] | None = None, *, send: bool = True) -> Any:
    """Return an element as JAX's arrays; shares what is dense and aligned, and copies the rest.

    Parameters
    ----------
    element : nested arrays
        What a function gave that ran after the pass may be anything, JAX's own arrays too.
    places : list of jax.Device or jax.sharding.Sharding, optional
        Where each component goes, by default where JAX puts everything.
    send : bool
        False only checks, and returns read-only views.
    """
    leaves, structure = flatten(element)
    given = [leaf if hasattr(leaf, "dtype") else np.asarray(leaf) for leaf in leaves]
    ours = [k for k, leaf in enumerate(given) if isinstance(leaf, (np.ndarray, np.generic))]
    arrays = [np.asarray(given[k]) for k in ours]
    names = [structure.names[k] for k in ours]
    check_jax_components(zip(names, (array.dtype for array in arrays), strict=True))
    if send:
        there = None if places is None else [places[k] for k in ours]
        made = jax_arrays_on(arrays, there)
    else:
        made = [read_only(array) for array in arrays]
    for k, array in zip(ours, made, strict=True):
        given[k] = array
    return structure.rebuild(given)


def _rows(element: Any, count: int) -> list[Any]:
    """Return the samples of a batch; shares aligned rows and copies the rest."""
    leaves, structure = flatten(element)
    return [arrays_of(structure.rebuild([leaf[k, ...] for leaf in leaves])) for k in range(count)]


def _batches(structure: Structure, views: Sequence[BlockViews]) -> list[Any]:
    """Return batches made together; never copies where JAX runs on the processor."""
    arrays = [array for one in views for array in one.arrays()]
    made = jax_arrays_on(arrays)  # in one call, which costs half of what many do
    count = len(arrays) // len(views)
    return [structure.rebuild(made[place::count]) for place in range(count)]


FORMATTER = Formatter("jax", arrays_of, _rows, _batches, check_jax_components)
