"""`zip`: the elements of several datasets side by side, each in its own order."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from samebytes.plan import samplers
from samebytes.plan.documents import CountFeature
from samebytes.plan.map_calls import MapCall
from samebytes.plan.orders import Composed, Order
from samebytes.plan.recipe import Recipe
from samebytes.plan.samplers import Sampler, Sequential
from samebytes.plan.transforms.base import Transform
from samebytes.plan.tree import Structure, flatten
from samebytes.plan.windows import Stencil

__all__ = ["counted", "zip"]


class _OnPart:
    """A function of one of several parts of an element."""

    def __init__(self, function: Any, outer: Structure, place: int) -> None:
        self.function = function
        self.outer = outer
        self.place = place
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        # The key of a state, as of any function.
        self.__qualname__ = getattr(function, "__qualname__", self.__name__)

    def __call__(self, *element: Any) -> Any:
        """Return the element with what the function makes of its part."""
        whole: Any = element if self._takes_arguments else element[0]
        parts = self.outer.treespec.flatten_up_to(whole)
        part = parts[self.place]
        plain = isinstance(part, tuple) and not hasattr(part, "_fields")
        parts[self.place] = self.function(*part) if plain else self.function(part)
        return self.outer.rebuild(parts)

    @property
    def _takes_arguments(self) -> bool:
        return self.outer.treespec.type is tuple


def zip(*datasets: Any) -> Any:
    """Return the elements of several datasets side by side, as many as the shortest has; no copy.

    Parameters
    ----------
    *datasets : Dataset, or one nested tuple or dict of them
        Of single samples. Each keeps its order; elements nest as the datasets do.

    Raises
    ------
    ValueError
        If there is none, or one has batches.
    TypeError
        If something is no dataset.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> one, two = (sb.Dataset.from_tensor_slices(np.arange(n)) for n in (3, 9))
    >>> [(int(a), int(b)) for a, b in sb.zip(one, two.skip(5))]
    [(0, 5), (1, 6), (2, 7)]
    """
    nested = datasets[0] if len(datasets) == 1 else datasets
    parts, outer = flatten(nested, is_leaf=lambda node: isinstance(node, Recipe))
    if not parts:
        message = "zip: expected at least one dataset; got none"
        raise ValueError(message)
    for name, part in _pairs(outer.names, parts):
        if not isinstance(part, Recipe):
            message = (
                f"zip: expected datasets alone, but {name} is of type {type(part).__name__}; make "
                "one of it: sb.Dataset.from_tensor_slices(x)"
            )
            raise TypeError(message)
    return side_by_side("zip", parts, outer)


def counted(dataset: Any, start: int) -> Any:
    """Return a dataset with the number of each element, from `start` on, in front of it."""
    _, one = flatten(0)
    counter = replace(
        dataset,
        arrays=(CountFeature(),),
        structure=one,
        samples=Sequential(None),
        stencils=(Stencil(start),),
        windows=None,
        padding=0,
        maps=(),
        batch_size=None,
        batches=None,
        orders=(),
    )
    return side_by_side("enumerate", [counter, dataset], flatten((0, 0))[1])


def side_by_side(verb: str, parts: Sequence[Any], outer: Structure) -> Any:
    """Return the elements of datasets, nested as `outer` is.

    Raises
    ------
    ValueError
        If one has batches, or windows that cannot stand beside the others.
    """
    for name, part in _pairs(outer.names, parts):
        if part.batch_size is not None:
            message = (
                f"{verb}: dataset {name} has batches of {part.batch_size}; expected single "
                "samples: call batch() on what comes out"
            )
            raise ValueError(message)
    windowed = _check_windows(verb, parts)
    counts = [part.length for part in parts if part.length is not None]
    length = min(counts) if counts else None
    begins = np.cumsum([0, *(len(part.arrays) for part in parts)]).tolist()
    nested = outer.rebuild(
        [
            part.structure.rebuild(list(range(begin, begin + len(part.arrays))))
            for part, begin in _pairs(parts, begins[:-1])
        ]
    )
    places, structure = flatten(nested)
    arrays = [array for part in parts for array in part.arrays]
    stencils = [stencil for part in parts for stencil in part.stencils]
    orders = [order for part in parts for order in _orders(part)]
    # Where all go through their samples one after the other, they share an order.
    plain = all(order.samples == Sequential(order.samples.length) for order in orders)
    alike = len({order.windowed for order in orders}) == 1
    name_of = {place: name for name, place in _pairs(structure.names, places)}
    maps = [
        moved
        for number, part in enumerate(parts)
        for moved in _moved_maps(verb, part, outer, number, begins[number], name_of)
    ]
    first = parts[-1] if windowed is None else windowed
    found = first._with(  # noqa: SLF001 (its own)
        arrays=tuple(arrays[place] for place in places),
        structure=structure,
        samples=Sequential(length),
        stencils=tuple(stencils[place] for place in places),
        maps=tuple(maps),
        orders=() if plain and alike else tuple(orders[place] for place in places),
        base_seed=next((p.base_seed for p in parts if p.base_seed is not None), None),
    )
    samplers.check_countable(found.samples)
    return found


def _pairs(one: Sequence[Any], other: Sequence[Any]) -> list[tuple[Any, Any]]:
    return list(builtins.zip(one, other, strict=True))


def _check_windows(verb: str, parts: Sequence[Any]) -> Any:
    """Return a dataset with windows, if there is one, and no two with other ones."""
    with_windows = [part for part in parts if part.windows is not None]
    if not with_windows:
        return None
    first = with_windows[0]
    facts = {(part.windows, part.padding) for part in with_windows}
    if len(facts) > 1:
        message = (
            f"{verb}: the datasets have windows that begin at other rows; cut them together: "
            "from_tensor_slices((a, b)).window(...)"
        )
        raise ValueError(message)
    unpadded = any(
        part.windows is None and not all(isinstance(array, CountFeature) for array in part.arrays)
        for part in parts
    )
    if first.windows.padding is not None and unpadded:
        message = f"{verb}: padded windows stand only beside other windows; leave out padding="
        raise ValueError(message)
    return first


def _orders(part: Any) -> list[Order]:
    """Return where the components of a dataset look, seen from the places of its elements."""
    samples: Sampler = part.samples
    windowed = part.windows is not None
    made = {id(None): Order(samples, windowed)}
    for order in part.orders:
        if id(order) not in made:  # what several share, they share then
            made[id(order)] = Order(Composed((samples, order.samples)), order.windowed)
    return [made[id(order)] for order in part.orders or (None,) * len(part.arrays)]


def _moved_maps(
    verb: str, part: Any, outer: Structure, number: int, begin: int, name_of: dict[int, str]
) -> list[MapCall]:
    """Return what is done to a part, said of the components that it is then."""
    folded = {step.stream: step for c in part.plan.components for step in c.steps}
    later = [one.function for one in part.plan.later]
    steps = {step.stream: step for step in later if hasattr(step, "stream")} | folded
    found = []
    for stream, call in enumerate(part.maps):
        if isinstance(call.function, Transform):
            step = steps[stream]
            if not step.components:
                message = (
                    f"{verb}: {type(call.function).__name__} follows a function in dataset "
                    f"{outer.names[number]}; call map on what comes out"
                )
                raise ValueError(message)
            on = tuple(name_of[begin + leaf] for leaf in step.components)
            found.append(replace(call, function=replace(call.function, on=on)))
        elif call.on is None and not hasattr(call.function, "built"):
            found.append(replace(call, function=_OnPart(call.function, outer, number)))
        else:
            message = (
                f"{verb}: a layer, or a function of one component, is mapped over dataset "
                f"{outer.names[number]}; call map on what comes out"
            )
            raise ValueError(message)
    return found
