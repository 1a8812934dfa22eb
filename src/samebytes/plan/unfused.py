"""What runs after the pass: functions, Keras layers that do not fold, and what follows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.affine import Floats
from samebytes.plan.component_spec import open_spec
from samebytes.plan.fuse import function_name, masks_of, places_of
from samebytes.plan.plan import Step, UnfusedStep, draw_units
from samebytes.plan.transforms.base import need_image
from samebytes.plan.transforms.cast import cast_values
from samebytes.plan.transforms.channels_first import ChannelsFirst, ChannelsLast
from samebytes.plan.tree import Nested, flatten
from samebytes.share.buffer import view

__all__ = ["apply_to_sample", "apply_unfused", "each_frame"]

Array = npt.NDArray[Any]
Indices = npt.NDArray[np.int64]

NOTED_SAMPLES = 8
"""Indices that the note on a failure names before it only counts."""


def apply_to_sample(step: Step, leaf: int, sample: Array, units: Floats) -> Array:
    """Return one sample after a step, done to planar images as they lie."""
    turned = leaf in step.planar and not isinstance(step.transform, ChannelsFirst | ChannelsLast)

    def apply(image: Array) -> Array:
        if not turned:
            return step.transform.apply(image, units)
        return np.moveaxis(step.transform.apply(np.moveaxis(image, -3, -1), units), -1, -3)

    return each_frame(apply, sample) if step.transform.by_frame else apply(sample)


def each_frame(apply: Callable[[Array], Array], sample: Array) -> Array:
    """Return what a function makes of an image, or of each of those that a sample has."""
    if sample.ndim <= 3:
        return apply(sample)
    images = [apply(image) for image in sample.reshape(-1, *sample.shape[-3:])]
    return np.stack(images).reshape(*sample.shape[:-3], *images[0].shape)


def apply_unfused(
    later: UnfusedStep, batch: Nested[Array], epochs: Indices, indices: Indices
) -> Nested[Array]:
    """Return `batch` after a step that runs after the pass.

    Raises
    ------
    TypeError
        If a function gives something that is no array.
    """
    if later.whole and later.batched:
        found = _call_noted(lambda: _call(later.function, batch), indices)
        return _as_arrays(found, later)
    if later.whole:
        leaves, structure = flatten(batch)
        return _each_sample(
            lambda row: _call(later.function, structure.rebuild([leaf[row] for leaf in leaves])),
            indices,
            later,
        )
    leaves, structure = flatten(batch)
    leaves = [np.asarray(leaf) for leaf in leaves]
    places = places_of(later.on, structure.names, [leaf.ndim == 4 for leaf in leaves])
    if isinstance(later.function, Step):
        kinds = [leaf.dtype for leaf in leaves]
        places, masks = masks_of(later.function.transform, places, structure.names, kinds)
        later = replace(later, function=replace(later.function, masks=masks))
    for place in places:
        leaves[place] = _component(later, place, leaves[place], epochs, indices)
    return structure.rebuild(leaves)


def _component(
    later: UnfusedStep, place: int, values: Array, epochs: Indices, indices: Indices
) -> Array:
    """Return one component after a step that is given components alone."""
    function = later.function
    if isinstance(function, Step):
        return _apply_step(function.at(place), place, values, epochs, indices)
    if later.batched:
        found = _call_noted(lambda: function(values), indices)
        return np.asarray(_as_arrays(found, later))
    return np.asarray(_each_sample(lambda row: function(values[row]), indices, later))


def _apply_step(step: Step, place: int, values: Array, epochs: Indices, indices: Indices) -> Array:
    """Return a component after a transform of ours that could not join the pass."""
    planar = place in step.planar
    shape = values.shape[1:]
    turned = (*shape[:-3], *shape[-2:], shape[-3]) if planar else shape
    opened = open_spec(turned, values.dtype)
    if planar:
        opened = need_image(opened, type(step.transform).__name__)
    spec = step.transform.fold(replace(opened, planar=planar, alone=True))
    result = np.empty((len(values), *spec.result_shape), spec.dtype)
    for row, units in enumerate(draw_units(step, epochs, indices)):
        sample = values[row].astype(np.float64) if spec.linear else values[row]
        result[row] = cast_values(apply_to_sample(step, place, sample, units), spec.dtype)
    return result


def _each_sample(call: Callable[[int], Any], indices: Indices, later: UnfusedStep) -> Nested[Array]:
    """Return what a function makes of each sample, stacked."""
    rows = [_call_noted(partial(call, row), indices[row : row + 1]) for row in range(len(indices))]
    parts = [flatten(row) for row in rows]
    structure = parts[0][1]
    columns = zip(*(leaves for leaves, _ in parts), strict=True)
    return structure.rebuild(
        [np.stack([_as_array(leaf, later) for leaf in column]) for column in columns]
    )


def _call(function: Any, element: Any) -> Any:
    """Call as tf.data does: a tuple's parts are arguments, anything else is one."""
    if isinstance(element, tuple) and not hasattr(element, "_fields"):
        return function(*element)
    return function(element)


def _call_noted(call: Callable[[], Any], indices: Indices) -> Any:
    """Call; what it raises passes unchanged, with a note of the samples (Python 3.11 has notes)."""
    try:
        return call()
    except Exception as failure:
        if hasattr(failure, "add_note"):
            named = ", ".join(str(index) for index in indices[:NOTED_SAMPLES])
            more = f" and {len(indices) - NOTED_SAMPLES} more" * (len(indices) > NOTED_SAMPLES)
            failure.add_note(f"(samebytes: while mapping sample {named}{more})")
        raise


def _as_arrays(found: Any, later: UnfusedStep) -> Nested[Array]:
    leaves, structure = flatten(found)
    return structure.rebuild([_as_array(leaf, later) for leaf in leaves])


def _as_array(value: Any, later: UnfusedStep) -> Array:
    try:
        array = np.asarray(value)
    except (TypeError, RuntimeError):  # PyTorch's bfloat16, or what requires a gradient
        array = view(value)
    if array.dtype.hasobject:
        message = (
            f"{function_name(later)} returned {type(value).__name__}, which is not an array of "
            "numbers; expected a function in map to return arrays, nested as the elements should be"
        )
        raise TypeError(message)
    return array
