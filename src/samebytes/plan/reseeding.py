"""Other seeds in place of those that were drawn: in what was asked for, and in its plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from samebytes.plan.plan import Plan, Step
from samebytes.plan.recipe import Recipe
from samebytes.plan.seeds import DrawnSeed, RestoredSeed
from samebytes.plan.windows import Windows

__all__ = ["has_undetermined_seeds", "reseeded", "reseeded_recipe"]

R = TypeVar("R", bound=Recipe)
Change = Callable[[DrawnSeed], int]


def reseeded(plan: Plan, change: Change) -> Plan:
    """Return the plan with what `change` makes of each drawn seed; all else the same."""

    def step(one: Step) -> Step:
        return replace(one, **_changed(one, change, "seed"))

    return replace(
        plan,
        samples=_order(plan.samples, change),
        batches=_order(plan.batches, change),
        components=tuple(
            replace(one, steps=tuple(map(step, one.steps))) for one in plan.components
        ),
        later=tuple(
            replace(one, function=step(one.function)) if isinstance(one.function, Step) else one
            for one in plan.later
        ),
        windows=_windows(plan.windows, change),
    )


def reseeded_recipe(recipe: R, change: Change) -> R:
    """Return what was asked for with what `change` makes of each drawn seed."""
    return replace(
        recipe,
        samples=_order(recipe.samples, change),
        batches=_order(recipe.batches, change),
        maps=tuple(replace(call, **_changed(call, change, "seed")) for call in recipe.maps),
        windows=_windows(recipe.windows, change),
    )


def has_undetermined_seeds(plan: Plan) -> bool:
    """Return whether a seed was drawn in this process, so that other processes drew another one."""
    drawn: list[DrawnSeed] = []

    def note(seed: DrawnSeed) -> int:
        drawn.append(seed)
        return seed

    reseeded(plan, note)
    return any(not isinstance(seed, RestoredSeed) for seed in drawn)


def _changed(one: object, change: Change, *names: str) -> dict[str, Any]:
    seeds = {name: getattr(one, name, None) for name in names}
    return {name: change(seed) for name, seed in seeds.items() if isinstance(seed, DrawnSeed)}


def _order(sampler: Any, change: Change) -> Any:
    if not hasattr(sampler, "parent"):
        return sampler
    parent = _order(sampler.parent, change)
    return replace(sampler, parent=parent, **_changed(sampler, change, "seed"))


def _windows(windows: Windows | None, change: Change) -> Windows | None:
    if windows is None:
        return None
    return replace(windows, **_changed(windows, change, "phase_seed", "start_seed"))
