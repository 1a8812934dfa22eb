"""From what was asked to what will be done: each ``map`` joins the pass, or runs after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from samebytes.plan.component_spec import ComponentSpec, Unfoldable, open_spec
from samebytes.plan.map_calls import MapCall
from samebytes.plan.partners import Partners, order_of_partners
from samebytes.plan.plan import Component, Plan, Step, UnfusedStep, fuse_component
from samebytes.plan.recipe import Recipe
from samebytes.plan.transforms.base import On, Transform, need_image
from samebytes.plan.transforms.keras_layers import is_keras_layer
from samebytes.plan.transforms.mixing import Mixing

__all__ = ["function_name", "fuse", "fuse_alone", "masks_of", "places_of"]


def fuse(recipe: Recipe) -> Plan:
    """Return the plan of what was asked for; pure, reads no data.

    Raises
    ------
    ValueError
        If a transform cannot be done to what it is given.
    """
    folded: list[Step] = []
    later: list[UnfusedStep] = []
    names = recipe.structure.names
    components = _fold_all(recipe, folded)
    # What the components are where the chain has come to; None once a function decides.
    known: list[ComponentSpec] | None = [component.spec for component in components]
    for stream, call in enumerate(recipe.maps):
        if not isinstance(call.function, Transform):
            later.append(_later_call(call, call.function))
            known = None
            continue
        on = call.function.on_all
        leaves = () if known is None else places_of(on, names, [f.is_image for f in known])
        partners = None
        if isinstance(call.function, Mixing) and known is not None:
            leaves = leaves if on is not None else tuple(range(len(names)))
            partners = _partners(call.function, recipe, [known[leaf] for leaf in leaves])
        dtypes = [each.source_dtype for each in known or []]
        leaves, masks = masks_of(call.function, leaves, names, dtypes)
        planar = tuple(leaf for leaf in leaves if known is not None and known[leaf].planar)
        _check_axes(call, leaves, planar, known or [])
        step = Step(call.function, leaves, stream, call.seed, planar, partners, masks)
        if isinstance(call.function, Mixing) and later:
            name = type(call.function).__name__
            message = f"{name} cannot follow what runs after the pass; put it in front of that"
            raise ValueError(message)
        if later:
            later.append(
                UnfusedStep(step, batched=True, why=f"follows {function_name(later[-1])}", on=on)
            )
        else:
            try:
                components = _fold_all(recipe, [*folded, step])
                folded.append(step)
                known = [component.spec for component in components]
                continue
            except Unfoldable as finding:
                if partners is not None:
                    name = type(call.function).__name__
                    message = f"{name} is done in the pass alone, and cannot be: {finding}"
                    raise ValueError(message) from None
                later.append(UnfusedStep(step, batched=True, why=str(finding), on=on))
        if known is not None:
            for leaf in leaves:
                known[leaf] = fuse_alone(step.at(leaf).transform, known[leaf])
    return Plan(
        recipe.structure,
        components,
        recipe.samples,
        recipe.batch_size,
        recipe.drop_remainder,
        recipe.batches,
        tuple(later),
        recipe.windows,
    )


def _partners(transform: Mixing, recipe: Recipe, specs: list[ComponentSpec]) -> Partners:
    """Return what a step mixes with; the images that it mixes are all of one size."""
    name = type(transform).__name__
    sizes = {(spec.height, spec.width) for spec in specs if spec.is_image}
    if len(sizes) != 1:
        found = " and ".join(f"{height} by {width}" for height, width in sorted(sizes)) or "none"
        message = f"{name} mixes images of one size, and their labels; got {found}"
        raise ValueError(message)
    if recipe.windows is not None:
        message = f"{name} mixes samples of a row each; windows over time have no partners"
        raise ValueError(message)
    return Partners(order_of_partners(recipe.samples), *sizes.pop())


def _check_axes(
    call: MapCall, leaves: tuple[int, ...], planar: tuple[int, ...], known: list[ComponentSpec]
) -> None:
    """Refuse a transform in place of a Keras layer where it would mean other axes than that."""
    name = type(call.function).__name__
    if call.by_place and planar:
        message = f"Keras' {name} takes the last axis for the channels, and here they come first"
        raise ValueError(message)
    ranks = [len(known[leaf].result_shape) + 1 for leaf in leaves]
    least = min(ranks, default=1)  # behind a function nobody knows
    if least < call.axes:
        message = f"{name} with numbers of {call.axes} axes gives batches of {least} more of them"
        raise ValueError(message)


def _fold_all(recipe: Recipe, steps: list[Step]) -> tuple[Component, ...]:
    names, padding = recipe.structure.names, recipe.padding
    orders = recipe.orders or (None,) * len(names)
    return tuple(
        fuse_component(name, array, stencil, padding, steps, leaf, order)
        for leaf, (name, array, stencil, order) in enumerate(
            zip(names, recipe.arrays, recipe.stencils, orders, strict=True)
        )
    )


def fuse_alone(transform: Transform, spec: ComponentSpec) -> ComponentSpec:
    """Return what one transform makes of what has been written already."""
    size = spec.height, spec.width, spec.channels
    shape = (*spec.frames, *size) if spec.is_image else spec.shape
    opened = open_spec(shape, spec.dtype)
    if spec.framed:
        opened = need_image(opened, type(transform).__name__)
    return transform.fold(replace(opened, planar=spec.planar, alone=True))


def _later_call(call: MapCall, function: Callable[..., Any]) -> UnfusedStep:
    if is_keras_layer(function):
        why = "a Keras layer that does not fold"
        return UnfusedStep(function, batched=True, why=why, on=call.on)
    why = "a function, not a transform that folds"
    whole = call.on is None
    return UnfusedStep(function, batched=call.batched, why=why, on=call.on, whole=whole)


def function_name(later: UnfusedStep) -> str:
    """Return what people call the thing that runs after the pass."""
    function = later.function.transform if isinstance(later.function, Step) else later.function
    return getattr(function, "__name__", type(function).__name__)


def places_of(on: On, names: Sequence[str], images: Sequence[bool]) -> tuple[int, ...]:
    """Return the places of the components that `on` names; by default the first that fits.

    Without a name that is the first component whose samples are images, or, where there is
    none, the first.

    Examples
    --------
    >>> places_of(None, ["image", "label"], [True, False])
    (0,)
    >>> places_of(("x", "label"), ["label", "x.left", "x.right"], [False] * 3)
    (1, 2, 0)
    """
    if on is None:
        return (next((place for place, image in enumerate(images) if image), 0),)
    wanted = on if isinstance(on, tuple) else (on,)
    if not wanted:
        message = f"on=() names no component; expected some of {', '.join(names)}"
        raise ValueError(message)
    places = []
    for name in wanted:
        matches = [
            place
            for place, known in enumerate(names)
            if known == str(name) or known.startswith(f"{name}.")
        ]
        if not matches:
            message = f"there is no component {name!r}; expected some of {', '.join(names)}"
            raise ValueError(message)
        places += matches
    return tuple(dict.fromkeys(places))


MASK_NAMES = ("mask", "masks", "segmentation_masks")
"""What components are called that are masks."""


def masks_of(
    transform: Transform, places: tuple[int, ...], names: Sequence[str], dtypes: Sequence[Any]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return all places of a transform, and those of them that are masks.

    Examples
    --------
    >>> from samebytes.plan.transforms import Resizing
    >>> masks_of(Resizing(2, 2, on_masks="b"), (0,), ["a", "b"], [])
    ((0, 1), (1,))
    """
    if not transform.resamples:
        return places, ()
    named = getattr(transform, "on_masks", None)
    chosen = () if named is None else places_of(named, names, [])
    places = tuple(dict.fromkeys((*places, *chosen)))
    found = [
        place
        for place in places
        if place in chosen
        or names[place].rpartition(".")[2] in MASK_NAMES
        or (place < len(dtypes) and dtypes[place].kind == "b")
    ]
    return places, tuple(found)
