"""One batch: its numbers, its blocks, and the pieces of work that fill them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from samebytes.dataset.documents import RowFact
from samebytes.dataset.epochs import by_epoch
from samebytes.dataset.fold import Floats, Fold, Tables
from samebytes.dataset.helpings import LONE_SAMPLES
from samebytes.dataset.joined import Joined
from samebytes.dataset.plan import Component, Plan, Step, tabulate
from samebytes.dataset.reference import apply_later
from samebytes.dataset.windows import Rows
from samebytes.engine import compiled, telling
from samebytes.engine.grid import grid_of, moves, runs_of
from samebytes.engine.kernels import UNIT_BYTES, Job, fill, prepare
from samebytes.engine.laid import Laid
from samebytes.engine.means import channel_means
from samebytes.engine.position import Stretch
from samebytes.engine.rows import words
from samebytes.engine.telling import Telling, prepare_telling, tell
from samebytes.memory.files.mapping import check_unshrunk
from samebytes.memory.pool import Pool

__all__ = ["Batch", "Executor", "Piece"]

Indices = npt.NDArray[np.int64]
Part = tuple[Job | Telling, int, int]

PIECE_BYTES = 64 << 20
"""The most that a piece writes, about: some 10 ms, so that all threads end a huge batch together.

Smaller batches get one piece a thread: a thread that was interrupted is not waited for, since the
others go on with the next batch, and every piece costs a wake-up (with two a thread, 5 to 10 %
slower at 25 MB a batch).
"""


ALIGNMENT = 64
"""Where each of several batches in one block begins, a multiple of this: frameworks then share."""


@dataclass(frozen=True)
class Piece:
    """A part of a batch that one thread fills without asking anyone: units of some jobs."""

    parts: tuple[Part, ...]

    def fill(self) -> None:
        """Write it, without the GIL; nothing else writes the same cells."""
        for job, start, stop in self.parts:
            if isinstance(job, Telling):
                tell(job, start, stop)
            else:
                fill(job, start, stop)


@dataclass(frozen=True)
class Batch:
    """What is being made, a batch or several: memory, the pieces that fill it, what comes after.

    Attributes
    ----------
    laid : tuple of Laid
        The elements in pooled memory, component by component.
    pieces : tuple of Piece
        Together they write every cell once; at least one.
    epochs, indices : ndarray of int64
        Which samples these are.
    whole : bool
        Whether who takes the elements takes them as they lie, and needs no arrays.
    meanwhile : callable, optional
        What a thread can do that later batches are then opened faster by.
    """

    plan: Plan
    laid: tuple[Laid, ...]
    pieces: tuple[Piece, ...]
    epochs: Indices
    indices: Indices
    whole: bool = False
    meanwhile: Callable[[], object] | None = None

    def finish(self) -> list[Any]:
        """Give the elements: arrays in their structure, after what runs after the pass."""
        if self.whole:
            return []
        columns = [laid.arrays() for laid in self.laid]
        elements = [self.plan.structure.rebuild(list(row)) for row in zip(*columns, strict=True)]
        for later in self.plan.later:  # with these there is one
            elements[0] = apply_later(later, elements[0], self.epochs, self.indices)
        return elements


class Executor:
    """A plan made ready: what is the same for every batch is worked out here, once.

    Parameters
    ----------
    plan : Plan
        What to make.
    elements : int
        How many are made together.
    whole : bool
        Whether who takes them takes them as they lie, and needs no arrays.
    """

    def __init__(self, plan: Plan, elements: int, *, whole: bool = False) -> None:
        self.plan = plan
        self._whole = whole
        # Single samples are the rows of a batch that is taken apart when it is handed out.
        size = plan.batch_size or LONE_SAMPLES
        self._together = elements
        padded = plan.windows is not None and plan.windows.padding is not None
        self._passes = tuple(
            _passes_of(component, size, padded=padded) for component in plan.components
        )
        self._measuring = any(one.measures for one in self._each())
        self._files = tuple(array for c in plan.components for array in _arrays(c))

    @property
    def block_bytes(self) -> tuple[int, ...]:
        """Bytes that are written into one block, for each component."""
        return tuple(one.apart * self._together for one, *_ in self._passes)

    @property
    def planes(self) -> int:
        """Into how many planes a sample is cut at most."""
        return max(one.planes for one in self._each())

    def _each(self) -> Iterator[_Pass]:
        return itertools.chain.from_iterable(self._passes)

    @property
    def kinds(self) -> frozenset[Any]:
        """What decides which kernels are compiled."""
        return frozenset(one.kind for one in self._each())

    def warm_up(self) -> None:
        """Compile, or load from disk, what the batches of this plan need; reads nothing."""
        for one in {one.kind: one for one in self._each()}.values():
            one.warm_up()
        compiled.words(0, 0, np.zeros(1, np.int64), 0, 1)

    def open(self, pools: tuple[Pool, ...], stretch: Stretch, place: int, pieces: int) -> Batch:
        """Give a batch whose numbers are known and whose blocks are taken, nothing written yet.

        Parameters
        ----------
        pools : tuple of Pool
            One a component.
        stretch : Stretch
            The samples of this batch and of others.
        place : int
            Which of its elements this one is.
        pieces : int
            Into about how many pieces to cut the work.

        Raises
        ------
        WrongSize
            If a mapped source has shrunk: touching it would kill the process.
        """
        for array in self._files:
            check_unshrunk(array)
        start, stop = stretch.cuts[place], stretch.cuts[place + 1]
        epochs, indices = stretch.epochs[start:stop], stretch.indices[start:stop]
        measured: list[Any] = []
        if self._measuring:  # which reads the samples, so not those of later batches
            measured = self.prepare(epochs, indices, measured=True)
        counts, ends = stretch.counts[place], stretch.ends[place]
        laid, jobs = [], []
        for leaf, (passes, pool) in enumerate(zip(self._passes, pools, strict=True)):
            laid.append(passes[0].lay(pool.take(), counts))
            apart = laid[-1].apart
            whole = passes[0].lay(laid[-1].block, (stop - start,)).array(0)
            for run, one in enumerate(passes):
                job = (measured if one.measures else stretch.prepared)[leaf][run]
                begin = 0 if one.measures else start
                end, planes = begin + stop - start, one.planes
                target, behind = one.target(whole), ends if planes == 1 else ends * planes
                jobs.append(job.part(begin * planes, end * planes, target, behind, apart))
        return Batch(self.plan, tuple(laid), _cut(jobs, pieces), epochs, indices, whole=self._whole)

    def prepare(self, epochs: Indices, indices: Indices, *, measured: bool = False) -> list[Any]:
        """Give for each component the job of all these samples.

        None stands for a job that has to read the samples first, or where these are asked for
        (`measured`) for all others.
        """
        drawn: dict[int, Floats] = {}

        def units_of(step: Step) -> Floats:
            # Components that share a step share its draws.
            if step.stream not in drawn:
                drawn[step.stream] = _draw(step, epochs, indices)
            return drawn[step.stream]

        rows = self.plan.rows(epochs, indices, compiled.integers)
        return [
            [
                one.job(rows, epochs, indices, units_of) if one.measures == measured else None
                for one in passes
            ]
            for passes in self._passes
        ]


def _passes_of(component: Component, size: int, *, padded: bool) -> tuple[Any, ...]:
    if isinstance(component.array, RowFact):
        return (_Telling(component, size),)
    return tuple(_Pass(component, size, *run, padded=padded) for run in runs_of(component.frame))


class _Written:
    """One component of a plan made ready: the memory it is written to."""

    measures = False
    planes = 1
    """Into how many planes a sample is cut; each is a sample to the kernel."""

    def __init__(self, component: Component, size: int) -> None:
        self.component = component
        self.fold = component.fold
        # Where each of several batches in one block begins behind the one before.
        self.apart = -(-size * component.sample_bytes // ALIGNMENT) * ALIGNMENT
        self._shape = self.fold.result_shape

    def lay(self, block: npt.NDArray[np.uint8], counts: tuple[int, ...]) -> Laid:
        """Give the batches of so many samples each in a block of memory."""
        return Laid(block, self._shape, self.fold.dtype, counts, self.apart)

    def target(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Give what this writes of a batch."""
        return array


class _Telling(_Written):
    """A component that is computed from the borders of documents."""

    @property
    def kind(self) -> Any:
        """What decides which kernels are compiled."""
        return "telling", self.fold.dtype

    def job(self, rows: Rows, epochs: Indices, indices: Indices, units: Any) -> Telling:  # noqa: ARG002
        """Give the job of these samples, with nowhere to write to yet."""
        return prepare_telling(self.component.array, self.component.frame, rows)

    def warm_up(self) -> None:
        """Write a number as a batch will be written."""
        telling.warm_up(self.fold.dtype)


class _Pass(_Written):
    """One component of a plan made ready, or some of its columns."""

    def __init__(
        self, component: Component, size: int, columns: slice, place: slice, *, padded: bool
    ) -> None:
        super().__init__(component, size)
        self._grid = grid_of(component, columns, padded=padded)
        self._place = place
        fold = self.fold
        self.kind = self._grid.source.dtype, fold.dtype, fold.linear, fold.clipped, padded
        self.measures = fold.read_again > 0
        self.planes = len(self._grid.planes)
        item = fold.dtype.itemsize
        sizes = [math.prod(self._shape[axis:]) * item for axis in range(len(self._shape))]
        self._layout = (*sizes, item)

    def target(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Give what this writes of a batch, with the axes n, height, width, channels."""
        if self.component.frame.columns is not None:
            array = array[:, self._place] if self.fold.planar else array[..., self._place]
        if self.fold.is_image:
            return array.transpose(0, 2, 3, 1) if self.fold.planar else array
        items = words(array) if moves(self.fold) else array
        return items.reshape(len(array) * self.planes, *self._grid.source.shape[1:])

    def job(self, rows: Rows, epochs: Indices, indices: Indices, units: Any) -> Job:
        """Give the job of these samples, checked, with nowhere to write to yet."""
        places = self._grid.places(rows)

        def means(tables: Tables) -> Floats:
            factors = _affine(tables, self.fold)
            size = tables.height, tables.width
            return channel_means(
                self._grid.source, indices, tables.geometry, *size, **factors, places=places
            )

        tables = tabulate(self.component, epochs, indices, means, units)
        # Only its layout is looked at; the parts of this job get memory.
        nowhere = as_strided(
            np.empty(1, self.fold.dtype), (len(indices), *self._shape), self._layout
        )
        return prepare(
            self._grid.source,
            indices,
            _repeated(tables.geometry, self.planes),
            self.target(nowhere),
            **self._factors(tables),
            places=places,
            spans=self._grid.spans(rows),
            padding=self._grid.padding,
        )

    def _factors(self, tables: Tables) -> dict[str, Any]:
        """Give the tables of these columns, a row for each plane."""
        if not self.fold.linear:
            return {}
        chosen = self._place if self.component.frame.columns is not None else slice(None)
        return {
            name: _repeated(table[:, chosen], self.planes)
            for name, table in _affine(tables, self.fold).items()
        }

    def warm_up(self) -> None:
        """Fill a pixel as a batch will be filled."""
        grid = self._grid
        source = np.zeros((1, 1, 1, grid.source.shape[3]), grid.source.dtype)
        moved = moves(self.fold) and not self.fold.is_image
        out = np.empty(source.shape, source.dtype if moved else self.fold.dtype)
        kind = np.float64 if self.fold.dtype == np.float64 else np.float32
        names = ("scale", "offset", "low", "high") if self.fold.clipped else ("scale", "offset")
        table = np.zeros((1, source.shape[3]), kind)
        given: dict[str, Any] = dict.fromkeys(names, table) if self.fold.linear else {}
        if grid.padding is not None:
            given |= {"spans": np.zeros((1, 4), np.int64), "padding": grid.padding}
        one = np.zeros(1, np.int64)
        job = prepare(source, one, np.array([[0, 1, 0, 1]]), out, **given)
        fill(job, 0, job.units)


def _repeated(table: npt.NDArray[Any], times: int) -> npt.NDArray[Any]:
    """Give each sample's row so many times, but not the one that all of them share."""
    return table if times == 1 or len(table) == 1 else np.repeat(table, times, axis=0)


def _arrays(component: Component) -> tuple[Any, ...]:
    array = component.array
    if isinstance(array, RowFact):
        return ()
    return array.arrays if isinstance(array, Joined) else (array,)


def _draw(step: Step, epochs: Indices, indices: Indices) -> Floats:
    """Give what `samebytes.dataset.plan.draw_units` gives, compiled."""
    count = step.transform.draws
    units = np.empty((len(indices), count))
    if not count:
        return units
    for epoch, mine in by_epoch(epochs):
        units[mine] = compiled.uniform(step.seed, epoch, indices[mine], step.stream, count)
    return units


def _affine(tables: Tables, fold: Fold) -> dict[str, Any]:
    """Give the tables as the kernel takes them, in the dtype it calculates in."""
    dtype = np.float64 if fold.dtype == np.float64 else np.float32
    names = ["scale", "offset"]
    if np.isfinite(tables.low).any() or np.isfinite(tables.high).any():
        names += ["low", "high"]
    # A row for each sample as soon as one of them has.
    same = np.broadcast_arrays(*(getattr(tables, name) for name in names))
    return {name: table.astype(dtype) for name, table in zip(names, same, strict=True)}


def _cut(jobs: list[Job | Telling], pieces: int) -> tuple[Piece, ...]:
    """Divide the units of `jobs` into about so many pieces of about as many bytes.

    What is too small to share (labels beside images) goes with the first piece: handing it to
    another thread would take longer than writing it.
    """
    total = sum(job.out.nbytes for job in jobs)
    pieces = max(pieces, total // PIECE_BYTES)
    small: list[Part] = []
    parts: list[Part] = []
    for job in jobs:
        share = round(pieces * job.out.nbytes / max(total, 1))
        count = max(1, min(share, job.units, job.out.nbytes // UNIT_BYTES))
        cuts = [piece * job.units // count for piece in range(count + 1)]
        (parts if share else small).extend((job, start, stop) for start, stop in pairwise(cuts))
    first = [*parts[:1], *small]
    return (Piece(tuple(first)), *(Piece((part,)) for part in parts[1:]))
