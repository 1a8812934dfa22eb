"""What one component of a dataset has for each sample, read once, by the threads of the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.fuse import places_of
from samebytes.plan.map_calls import MapCall
from samebytes.plan.samplers import Sampler
from samebytes.plan.selection import is_drawn
from samebytes.plan.tree import flatten

__all__ = ["component_called", "component_values", "mask_of"]

BYTES_AT_A_TIME = 4 << 20
"""A function is given about so many bytes of samples: calls are few, and memory is small."""

MOST_AT_A_TIME = 1 << 16


def component_called(dataset: Any, on: Any, verb: str) -> int:
    """Return the place of the one component that `on` names; None names the only one there is.

    Raises
    ------
    ValueError
        If it names none, or several.
    """
    names = dataset.structure.names
    if on is None and len(names) > 1:
        message = f"{verb} looks at one component; say which, on=..., one of {', '.join(names)}"
        raise ValueError(message)
    places = places_of(names[0] if on is None else on, names, [False] * len(names))
    if len(places) > 1:
        named = ", ".join(names[place] for place in places)
        message = f"{verb} looks at one component; on={on!r} names several: {named}"
        raise ValueError(message)
    return places[0]


def component_values(
    dataset: Any,
    order: Sampler,
    place: int,
    verb: str,
    function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
) -> npt.NDArray[Any]:
    """Return what a function makes of batches of one component, one after the other.

    Nothing else is read, and the function runs on the threads of the engine.

    Raises
    ------
    ValueError
        If what the component holds is another in each epoch, or only a function knows it.
    """
    plan, name = dataset.plan, dataset.structure.names[place]
    if plan.later:
        message = f"{verb} looks at component {name} before any function does: call it before map"
        raise ValueError(message)
    component = plan.components[place]
    drawn = [type(step.transform).__name__ for step in component.steps if step.transform.draws]
    windows = plan.windows
    if windows is not None and (windows.phase_seed, windows.start_seed) != (None, None):
        drawn.append("where its windows begin")
    if component.order is not None and is_drawn(component.order.samples):
        drawn.append("the shuffle of one that was zipped")
    if drawn:
        message = (
            f"{verb} looks at component {name} once, but {drawn[0]} makes it another in each "
            "epoch; look at another component, or call it before that"
        )
        raise ValueError(message)
    maps = tuple(
        MapCall(replace(step.transform, on=None), None, batched=False, seed=0)
        for step in component.steps
    )
    alone = dataset._with(  # noqa: SLF001 (its own)
        arrays=(dataset.arrays[place],),
        structure=flatten(0)[1],
        samples=order,
        stencils=(dataset.stencils[place],),
        maps=maps,
        orders=dataset.orders[place : place + 1],
        batch_size=None,
        batches=None,
        options=replace(dataset.options, format="numpy"),
    )
    each = max(1, min(BYTES_AT_A_TIME // max(component.sample_bytes, 1), MOST_AT_A_TIME))
    found = list(alone.batch(each).map(function).iterate(0))
    return (
        np.concatenate(found)
        if found
        else function(np.empty((0, *component.spec.result_shape), component.spec.dtype))
    )


def mask_of(dataset: Any, chosen: Any, on: Any) -> Callable[[Sampler, int], npt.NDArray[np.bool_]]:
    """Return what tells of an order which of its samples a mask or a predicate keeps."""
    if callable(chosen):
        place = component_called(dataset, on, "filter(predicate)")
        name = dataset.structure.names[place]

        def predicate(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
            found = np.asarray(chosen(values))
            if found.dtype != bool or found.shape != (len(values),):
                message = (
                    f"filter(predicate): of {len(values):,} samples of component {name}, given as "
                    f"one array of shape {values.shape}, the predicate made {found.dtype} of "
                    f"shape {found.shape}; expected a bool for each, the shape ({len(values)},)"
                )
                raise TypeError(message)
            return found

        return lambda order, _: component_values(
            dataset, order, place, "filter(predicate)", predicate
        )
    if on is not None:
        message = "filter(mask, on=): a mask looks at no component; leave out on="
        raise ValueError(message)
    mask = np.asarray(chosen)
    if not mask.size:
        mask = mask.astype(bool)  # of none, NumPy cannot know
    if mask.dtype != bool:
        message = (
            f"filter(mask): expected bools, or a predicate; got an array of {mask.dtype}. To "
            "choose samples by their numbers, call select(indices)"
        )
        raise TypeError(message)

    def given(_: Sampler, length: int) -> npt.NDArray[np.bool_]:
        if mask.shape != (length,):
            message = (
                f"filter(mask): expected a bool for each of the {length:,} samples, the shape "
                f"({length},); got {mask.shape}"
            )
            raise ValueError(message)
        return mask

    return given
