"""Other seeds in place of those that were drawn: in what was asked for, and in its plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

from samebytes.plan import seeds
from samebytes.plan.map_calls import MapCall
from samebytes.plan.orders import Order
from samebytes.plan.plan import Plan, Step
from samebytes.plan.recipe import Recipe
from samebytes.plan.seeds import DerivedSeed, DrawnSeed, RestoredSeed, derived_seed
from samebytes.plan.windows import Windows

__all__ = ["has_undetermined_seeds", "reseeded", "reseeded_recipe", "seeded_recipe"]

R = TypeVar("R", bound=Recipe)
Change = Callable[[DrawnSeed], int]
AnyChange = Callable[[int], int]


def reseeded(plan: Plan, change: Change) -> Plan:
    """Return the plan with what `change` makes of each drawn seed; all else the same."""
    drawn = _of_drawn(change)

    def step(one: Step) -> Step:
        return replace(one, **_changed(one, drawn, "seed"))

    return replace(
        plan,
        samples=_order(plan.samples, drawn),
        batches=_order(plan.batches, drawn),
        components=tuple(
            replace(one, steps=tuple(map(step, one.steps)), order=order)
            for one, order in zip(
                plan.components, _orders([one.order for one in plan.components], drawn), strict=True
            )
        ),
        later=tuple(
            replace(one, function=step(one.function)) if isinstance(one.function, Step) else one
            for one in plan.later
        ),
        windows=_windows(plan.windows, drawn),
    )


def reseeded_recipe(recipe: R, change: Change) -> R:
    """Return what was asked for with what `change` makes of each drawn seed."""
    drawn = _of_drawn(change)
    return _with_seeds(recipe, drawn, drawn, drawn, drawn)


def seeded_recipe(recipe: R) -> R:
    """Return what was asked for with seeds that follow from its own, where none was given.

    Each follows from its place among those of its kind, so that the order in which shuffles and
    transforms were asked for, or the seed itself, makes no difference.
    """
    base = recipe.base_seed
    if base is None:
        return recipe

    def following(purpose: int) -> AnyChange:
        places = count()

        def change(seed: int) -> int:
            place = next(places)
            given = not isinstance(seed, DrawnSeed | DerivedSeed)
            return seed if given else derived_seed(base, purpose, place)

        return change

    purposes = seeds.ORDER_SEEDS, seeds.BATCH_SEEDS, seeds.MAP_SEEDS, seeds.WINDOW_SEEDS
    return _with_seeds(recipe, *map(following, purposes))


def _with_seeds(
    recipe: R, samples: AnyChange, batches: AnyChange, maps: AnyChange, windows: AnyChange
) -> R:
    def mapped(call: MapCall) -> MapCall:
        return replace(call, **_changed(call, maps, "seed"))

    return replace(
        recipe,
        samples=_order(recipe.samples, samples),
        batches=_order(recipe.batches, batches),
        orders=_orders(recipe.orders, samples),
        maps=tuple(map(mapped, recipe.maps)),
        windows=_windows(recipe.windows, windows),
    )


def has_undetermined_seeds(plan: Plan) -> bool:
    """Return whether a seed was drawn in this process, so that other processes drew another one."""
    drawn: list[DrawnSeed] = []

    def note(seed: DrawnSeed) -> int:
        drawn.append(seed)
        return seed

    reseeded(plan, note)
    return any(not isinstance(seed, RestoredSeed) for seed in drawn)


def _of_drawn(change: Change) -> AnyChange:
    return lambda seed: change(seed) if isinstance(seed, DrawnSeed) else seed


def _changed(one: object, change: AnyChange, *names: str) -> dict[str, Any]:
    found = {name: getattr(one, name, None) for name in names}
    return {name: change(seed) for name, seed in found.items() if seed is not None}


def _order(sampler: Any, change: AnyChange) -> Any:
    """Return a chain of samplers with other seeds, asked for from the source on."""
    if hasattr(sampler, "parents"):
        parents = tuple(_order(parent, change) for parent in sampler.parents)
        return replace(sampler, parents=parents)
    if not hasattr(sampler, "parent"):
        return sampler
    parent = _order(sampler.parent, change)
    return replace(sampler, parent=parent, **_changed(sampler, change, "seed"))


def _orders(orders: Sequence[Order | None], change: AnyChange) -> tuple[Order | None, ...]:
    """Return the orders of components with other seeds; what several share, they share then."""
    made: dict[int, Order | None] = {id(None): None}
    for order in orders:
        if id(order) not in made and order is not None:
            made[id(order)] = replace(order, samples=_order(order.samples, change))
    return tuple(made[id(order)] for order in orders)


def _windows(windows: Windows | None, change: AnyChange) -> Windows | None:
    if windows is None:
        return None
    return replace(windows, **_changed(windows, change, "phase_seed", "start_seed"))
