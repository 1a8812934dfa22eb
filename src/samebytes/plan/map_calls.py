"""What a call of ``map`` asks for: transforms that fold, else what runs after the pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from samebytes.plan.seeds import as_seed
from samebytes.plan.transforms.base import On, Transform
from samebytes.plan.transforms.cast import Cast
from samebytes.plan.transforms.keras_layers import from_keras, is_keras_layer

__all__ = ["MapCall", "Mappable", "calls_of"]

Mappable = Transform | Callable[..., Any]


@dataclass(frozen=True)
class MapCall:
    """One call of ``map``: what is done, to what, and whether to whole batches.

    Attributes
    ----------
    function : Transform, Keras layer or callable
        What is done.
    on : name, place, or tuple of them, optional
        To which components; a transform knows that itself.
    batched : bool
        Whether to whole batches.
    seed : int
        Of a transform's draws.
    by_place, axes : bool, int
        For a transform that stands for a Keras layer: see `Folded`.
    """

    function: Mappable
    on: On
    batched: bool
    seed: int
    by_place: bool = False
    axes: int = 0


def calls_of(
    map_func: object, on: On, *, batched: bool, seed: int | None, before: tuple[MapCall, ...] = ()
) -> list[list[MapCall]]:
    """Return what a call of ``map`` may stand for; the first that can be done counts.

    `before` are the calls that came before it.

    Raises
    ------
    TypeError
        If `map_func` is nothing that maps.
    """
    if isinstance(map_func, Transform):
        function = map_func if on is None else replace(map_func, on=on)
        return [[MapCall(function, None, batched, _seed_of(function, seed))]]
    if not callable(map_func):
        message = f"map takes a transform, a Keras layer or a function; got {map_func!r}"
        raise TypeError(message)
    found = [[MapCall(map_func, on, batched, 0)]]
    chosen = any(isinstance(call.function, Cast) for call in before)
    known = from_keras(map_func, on, chosen=chosen) if is_keras_layer(map_func) else None
    if known is not None:
        # Behind it the layer itself: what we refuse it may still do. It crops images smaller
        # than the crop.
        facts = known.by_place, known.axes
        transforms = known.transforms
        found.insert(
            0, [MapCall(one, None, batched, _seed_of(one, seed), *facts) for one in transforms]
        )
    return found


def _seed_of(transform: Transform, seed: int | None) -> int:
    """Return the seed of a transform's draws; 0 where it draws nothing, so that plans compare."""
    if not transform.draws:
        return 0
    return as_seed(seed if seed is not None else transform.seed)
