"""What a dataset will do, folded: frozen, printable, and testable without data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.files.pickling import pack, unpack
from samebytes.plan.block_permutation import permute
from samebytes.plan.component_spec import ComponentSpec, Unfoldable, open_spec
from samebytes.plan.documents import DocumentFeature
from samebytes.plan.epoch_groups import by_epoch
from samebytes.plan.orders import Order
from samebytes.plan.partners import Partners
from samebytes.plan.rank_slice import slice_below
from samebytes.plan.rng import integers, uniform
from samebytes.plan.samplers import Permute, Sampler
from samebytes.plan.sources import SourceArray
from samebytes.plan.tables import Floats, Means, Tables, open_tables
from samebytes.plan.transforms.base import On, Transform
from samebytes.plan.tree import Structure
from samebytes.plan.windows import Integers, Rows, Stencil, Windows

__all__ = ["Component", "Plan", "Step", "UnfusedStep", "draw_units", "fuse_component", "tabulate"]

Indices = npt.NDArray[np.int64]
Uniform = Callable[..., Floats]


@dataclass(frozen=True)
class Step:
    """A transform at its place in the chain: it draws from the stream of that place.

    Attributes
    ----------
    transform : Transform
        What is done.
    components : tuple of int
        To which leaves of the structure.
    stream, seed : int
        Where its draws come from.
    planar : tuple of int
        Those of the components whose channels come first where it stands.
    partners : Partners, optional
        Of a step that mixes samples, what it mixes with.
    masks : tuple of int
        Those that are masks, which a transform may do otherwise.
    """

    transform: Transform
    components: tuple[int, ...]
    stream: int
    seed: int
    planar: tuple[int, ...] = ()
    partners: Partners | None = None
    masks: tuple[int, ...] = ()

    def at(self, leaf: int) -> Step:
        """Return the step as it is done to one component."""
        if leaf not in self.masks:
            return self
        return replace(self, transform=self.transform.for_mask())


@dataclass(frozen=True)
class UnfusedStep:
    """What cannot join the pass and runs after it, and why.

    Attributes
    ----------
    function : callable or Step
        A function of the user's, a Keras layer, or a transform of ours that follows one.
    batched : bool
        Whether it takes a whole batch.
    why : str
        The reason, for people.
    on : name, place, or tuple of them, optional
        Components that it is given, each alone.
    whole : bool
        Whether it is given whole elements instead.
    """

    function: Step | Callable[..., Any]
    batched: bool
    why: str
    on: On = None
    whole: bool = False


@dataclass(frozen=True)
class Component:
    """One leaf: where it comes from, and what the pass makes of it.

    Attributes
    ----------
    name : str
        Its place in the structure.
    array : ndarray, ConcatArray or DocumentFeature
        The source; not compared, since a plan is the same over other data of the same kind.
    stencil : Stencil
        Which of its rows make a sample.
    padding : number
        What stands where a sample has no row.
    spec : ComponentSpec
        What the pass writes.
    steps : tuple of Step
        What was folded into it.
    order : Order, optional
        Where it looks for its samples; without one it shows those that all others do.
    """

    name: str
    array: SourceArray = field(compare=False, repr=False)
    stencil: Stencil
    padding: Any
    spec: ComponentSpec
    steps: tuple[Step, ...]
    order: Order | None = None

    @property
    def sample_bytes(self) -> int:
        """Bytes that the pass writes for a sample."""
        return math.prod(self.spec.result_shape) * self.spec.dtype.itemsize

    @property
    def read_bytes(self) -> int:
        """Bytes that the pass reads for a sample, the second reading for means included."""
        spec = self.spec
        size = (spec.height, spec.width) if not spec.is_resampled else spec.source_size
        shape = (*spec.frames, *size, spec.channels) if spec.is_image else spec.shape
        items = (math.prod(shape) + spec.read_again) * (1 + spec.mixed)
        return items * spec.source_dtype.itemsize

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the bytes of a mapped file: its path stands for them."""
        return {**vars(self), "array": pack(self.array)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Map the file again."""
        vars(self).update(state, array=unpack(state["array"]))


@dataclass(frozen=True)
class Plan:
    """Source, order, transforms and batch, folded.

    Attributes
    ----------
    structure : Structure
        How the components nest.
    components : tuple of Component
        The leaves, in the structure's order.
    samples : Sampler
        Which sample comes at which position.
    batch_size : int or None
        Samples a batch; None hands out single samples.
    drop_remainder : bool
        Whether an incomplete last batch is left out.
    batches : Sampler, optional
        Which batch comes at which position; None before ``batch``.
    later : tuple of UnfusedStep
        What runs after the pass.
    windows : Windows, optional
        Where samples are read; without it sample i is row i.
    """

    structure: Structure
    components: tuple[Component, ...]
    samples: Sampler
    batch_size: int | None
    drop_remainder: bool
    batches: Sampler | None
    later: tuple[UnfusedStep, ...]
    windows: Windows | None = None

    @property
    def count(self) -> int:
        """Samples there are to choose from."""
        order = self.components[0].order
        if order is not None:
            return 1 if order.samples.length is None else order.samples.length
        return len(self.components[0].array if self.windows is None else self.windows)

    @property
    def length(self) -> int | None:
        """Number of elements, None where they never end."""
        order = self.samples if self.batches is None else self.batches
        return order.length

    @property
    def padded(self) -> bool:
        """Whether some of a sample's rows may not be there."""
        return self.windows is not None and self.windows.padding is not None

    @property
    def weighted(self) -> bool:
        """Whether elements have weights: where an incomplete last batch is filled up."""
        mine = slice_below(self.samples)
        return mine is not None and mine.pad

    def rows(
        self,
        epochs: Indices,
        indices: Indices,
        integers: Integers = integers,
        permute: Permute = permute,
    ) -> Callable[[Component], Rows]:
        """Return what tells where each component's samples are read; see `Windows.rows`."""
        found: dict[int, Rows] = {}  # once for all that look in the same places

        def rows_of(component: Component) -> Rows:
            order, places = component.order, (epochs, indices)
            if id(order) not in found:
                if order is not None:
                    places = order.samples.locate(*places, permute)
                windowed = self.windows is not None and (order is None or order.windowed)
                found[id(order)] = (
                    self.windows.rows(*places, integers)
                    if windowed and self.windows is not None
                    else Rows(places[1])
                )
            return found[id(order)]

        return rows_of


def fuse_component(
    name: str,
    array: SourceArray,
    stencil: Stencil,
    padding: Any,
    steps: list[Step],
    leaf: int,
    order: Order | None = None,
) -> Component:
    """Return the component with all of `steps` that concern `leaf` folded into it.

    Raises
    ------
    Unfoldable
        At the first step that cannot join; the caller cuts the chain there for all leaves.
    """
    if isinstance(array, DocumentFeature):
        padding = 0  # neither a place nor a next row
    row = array.shape[1:]
    spec = open_spec(stencil.shape(row), array.dtype, lead=len(stencil.axes))
    mine = tuple(step.at(leaf) for step in steps if leaf in step.components)
    for step in mine:
        spec = step.transform.fold(spec)
        # What stages take is a line of pixels that crops and flips alone have moved.
        if spec.staged and (spec.is_resampled or spec.framed):
            what = "several images a sample" if spec.framed else "what is resampled"
            name = type(step.transform).__name__
            message = f"{name}: {what} does not pass through stages for values and colours"
            raise Unfoldable(message)
    return Component(name, array, stencil, padding, spec, mine, order)


def draw_units(step: Step, epochs: Indices, indices: Indices, uniform: Uniform = uniform) -> Floats:
    """Return a step's draws for samples of epochs, shape (n, draws).

    `uniform` does what `samebytes.plan.rng.uniform` does; the engine has it compiled.
    """
    count = step.transform.draws
    units = np.empty((len(indices), count))
    if count:
        for epoch, mine in by_epoch(epochs):
            units[mine] = uniform(step.seed, epoch, indices[mine], step.stream, count)
    return units


def tabulate(
    component: Component,
    epochs: Indices,
    indices: Indices,
    means: Means,
    units_of: Callable[[Step], Floats] | None = None,
) -> Tables:
    """Return the numbers of a batch of one component: where each pixel is read, what becomes of it.

    Parameters
    ----------
    component : Component
        With its folded steps.
    epochs, indices : ndarray of int64, shape (n,)
        Which samples, of which epochs.
    means : callable
        Gives channel means of what tables describe; only `RandomContrast` asks.
    units_of : callable, optional
        Gives a step's draws where they were drawn already for another component.
    """
    tables = open_tables(component.spec)
    for step in component.steps:
        units = draw_units(step, epochs, indices) if units_of is None else units_of(step)
        step.transform.tabulate(tables, units, means)
    return tables
