"""One batch: its numbers, its blocks, and the pieces of work that fill them."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.block_views import BlockViews
from samebytes.engine.formatting import formatter_of
from samebytes.engine.kernels import rng
from samebytes.engine.kernels.job import UNIT_BYTES, Job
from samebytes.engine.kernels.placed_job import PlacedJob
from samebytes.engine.readers.staging import StagedBlock
from samebytes.engine.schedule import Segment
from samebytes.engine.writers import KernelJob, Writer, writers_of
from samebytes.memory.files.bus_guard import ensure_handler_first
from samebytes.memory.files.hold import Hold
from samebytes.memory.pool import Pool
from samebytes.plan.affine import Floats
from samebytes.plan.options import Options
from samebytes.plan.permutation import TABLE_LIMIT
from samebytes.plan.plan import Plan, Step, draw_units
from samebytes.plan.plan_arrays import arrays_of, plan_over
from samebytes.plan.prefetch import batches_per_block, samples_in
from samebytes.plan.reference import apply_unfused
from samebytes.plan.shared_reads import groups_of
from samebytes.plan.tree import Nested
from samebytes.plan.weights import with_weights

__all__ = ["Batch", "Executor", "WorkItem", "compile_plan"]

Indices = npt.NDArray[np.int64]
Part = tuple[KernelJob, int, int]

PIECE_BYTES = 64 << 20
"""The most that a piece writes, about: some 10 ms, so that all threads end a huge batch together.

Smaller batches get one piece a thread: a thread that was interrupted is not waited for, since the
others go on with the next batch, and every piece costs a wake-up (with two a thread, 5 to 10 %
slower at 25 MB a batch).
"""


@dataclass(frozen=True)
class WorkItem:
    """A part of a batch that one thread fills without asking anyone: units of some jobs."""

    parts: tuple[Part, ...]

    def fill(self) -> None:
        """Write it, without the GIL; nothing else writes the same cells."""
        for job, start, stop in self.parts:
            fill(job, start, stop)


def fill(job: KernelJob, start: int, stop: int) -> None:
    """Fill units `start` to `stop` of a job by its own kernel."""
    job.fill(start, stop)


@dataclass(frozen=True)
class Batch:
    """What is being made, a batch or several: memory, the pieces that fill it, what comes after.

    Attributes
    ----------
    views : tuple of BlockViews
        The elements in pooled memory, component by component.
    pieces : tuple of WorkItem
        Together they write every cell once; at least one.
    epochs, indices : ndarray of int64
        Which samples these are.
    whole : bool
        Whether who takes the elements takes them as they lie, and needs no arrays.
    look_ahead : callable, optional
        What a thread can do that later batches are then opened faster by.
    check : callable, optional
        Refuses what was read, if a part of it was missing.
    release : callable, optional
        Gives back memory that the source was read from.
    weights : ndarray of float32, optional
        Of its samples, where some only pad; they come behind everything else.
    """

    plan: Plan
    views: tuple[BlockViews, ...]
    pieces: tuple[WorkItem, ...]
    epochs: Indices
    indices: Indices
    whole: bool = False
    look_ahead: Callable[[], object] | None = None
    check: Callable[[], object] | None = None
    release: Callable[[], object] | None = None
    weights: npt.NDArray[np.float32] | None = None

    def finish(self) -> list[Nested[npt.NDArray[Any]]]:
        """Return the elements: arrays in their structure, after what runs after the pass.

        Raises
        ------
        WrongSize
            If a mapped source has shrunk while it was read.
        """
        if self.release is not None:
            self.release()
        if self.check is not None:
            self.check()
        if self.whole:
            return []
        columns = [views.arrays() for views in self.views]
        elements = [self.plan.structure.rebuild(list(row)) for row in zip(*columns, strict=True)]
        for later in self.plan.later:  # with these there is one
            elements[0] = apply_unfused(later, elements[0], self.epochs, self.indices)
        if self.weights is None:
            return elements
        each = np.split(self.weights, np.cumsum(self.views[0].counts)[:-1])
        return [with_weights(*both) for both in zip(elements, each, strict=True)]


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

    Attributes
    ----------
    held : Hold or None
        The sources of a run, from `begin` to `end`.
    """

    def __init__(self, plan: Plan, elements: int, *, whole: bool = False) -> None:
        self.plan = plan
        self._whole = whole
        # Single samples are the rows of a batch that is taken apart when it is handed out.
        size = samples_in(plan)
        self._groups = groups_of(plan)
        self._writers = tuple(
            writers_of(group, size, elements, padded=plan.padded) for group in self._groups
        )
        self._measuring = any(writer.measures for writer in self._all_writers())
        self._elements = elements
        self._files = arrays_of(plan)
        self.held: Hold | None = None
        self._made: tuple[tuple[tuple[int, int, int], ...], Executor] | None = None

    def begin(self) -> Executor:
        """Return what makes the batches of one run, from sources that stay where they are.

        Who begins ends it with `end`, when no batch is being made any more; until then no source
        can be closed or resized.

        Raises
        ------
        WrongSize
            If a mapped source has shrunk.
        FileError
            If a source was closed or resized before.
        """
        held, made = Hold(self._files), self._made
        if not held.keys:
            ready = self
        elif made is not None and made[0] == held.keys:
            ready = made[1]
        else:
            # Good for every run that finds the sources where they are now.
            try:
                plan = plan_over(self.plan, held.arrays())
            except BaseException:
                held.release()  # the error may live on, and this with it
                raise
            ready = Executor(plan, self._elements, whole=self._whole)
            self._made = held.keys, ready
        run = copy.copy(ready)
        run.held = held
        return run

    def end(self) -> None:
        """Let the sources of a run go; may be called twice."""
        if self.held is not None:
            self.held.release()

    @property
    def block_bytes(self) -> tuple[int, ...]:
        """Bytes that are written into one block, for each group of leaves."""
        return tuple(writer.block_bytes for writer, *_ in self._writers)

    @property
    def block_read_bytes(self) -> int:
        """Bytes of the sources that a block is made of, about."""
        each = sum(component.read_bytes for component in self.plan.components)
        return each * samples_in(self.plan) * self._elements

    @property
    def numbers_per_sample(self) -> int:
        """How many rows, or factors, are worked out for each sample at most."""
        return max(writer.numbers for writer in self._all_writers())

    def _all_writers(self) -> Iterator[Writer]:
        return itertools.chain.from_iterable(self._writers)

    @property
    def kinds(self) -> frozenset[Any]:
        """What decides which kernels are compiled."""
        return frozenset(writer.kind for writer in self._all_writers())

    def warm_up(self) -> None:
        """Compile, or load from disk, what the batches of this plan need; reads nothing."""
        for writer in {writer.kind: writer for writer in self._all_writers()}.values():
            writer.warm_up()
        first = np.zeros(1, np.int64)
        rng.words(0, 0, first, 0, 1)
        rng.permute(first, TABLE_LIMIT + 1, 0, 0)

    def open(
        self,
        pools: tuple[Pool, ...],
        segment: Segment,
        place: int,
        pieces: int,
        staged: StagedBlock | None = None,
    ) -> Batch:
        """Return a batch whose numbers are known and whose blocks are taken, nothing written yet.

        Parameters
        ----------
        pools : tuple of Pool
            One a group of leaves.
        segment : Segment
            The samples of this batch and of others.
        place : int
            Which of its elements this one is.
        pieces : int
            Into about how many pieces to cut the work.
        staged : StagedBlock, optional
            Where the source's bytes were read to; by default they are read where they are mapped.

        Raises
        ------
        WrongSize
            If a mapped source has shrunk, where missing pages would kill the process.
        """
        held = self.held if self.held is not None and self.held.has_files else None
        if staged is not None and not staged.mapped:
            held = None  # what was read into memory of ours came whole, or was refused
        if held is not None:
            ensure_handler_first()
            if not held.is_guarded:
                held.check()
        start, stop = segment.cuts[place], segment.cuts[place + 1]
        epochs, indices = segment.epochs[start:stop], segment.indices[start:stop]
        measured: list[Any] = []
        if self._measuring:  # which reads the samples, so not those of later batches
            measured = self.prepare(epochs, indices, measured=True, staged=staged)
        counts, ends = segment.counts[place], segment.ends[place]
        views: dict[int, BlockViews] = {}
        jobs: list[KernelJob] = []
        for number, (group, writers) in enumerate(zip(self._groups, self._writers, strict=True)):
            block, apart = pools[number].take(), writers[0].apart
            views.update(zip(group.leaves, writers[0].lay(block, counts), strict=True))
            samples = writers[0].samples(block, stop - start)
            for run, writer in enumerate(writers):
                job = (measured if writer.measures else segment.prepared)[number][run]
                begin = 0 if writer.measures else start
                end, planes = begin + stop - start, writer.planes
                target, behind = writer.target(samples), ends if planes == 1 else ends * planes
                part = job.part(begin * planes, end * planes, target, behind, apart)
                if staged is not None and not writer.measures:
                    part = _moved(part, staged)
                jobs.append(part)
        leaves = tuple(views[leaf] for leaf in range(len(views)))
        check = None if held is None else partial(held.check, partial(_read_at, jobs))
        return Batch(
            self.plan,
            leaves,
            _cut(jobs, pieces),
            epochs,
            indices,
            self._whole,
            check=check,
            release=None if staged is None else staged.release,
            weights=None if segment.weights is None else segment.weights[start:stop],
        )

    def read_jobs(self, segment: Segment, place: int) -> list[Job]:
        """Return jobs that read all that an element of a segment does, to know its bytes by."""
        start, stop = segment.cuts[place], segment.cuts[place + 1]
        found: list[Job | None] = []
        for number, writers in enumerate(self._writers):
            for run, writer in enumerate(writers):
                job = segment.prepared[number][run]
                job = job.reading if isinstance(job, PlacedJob) else job
                if isinstance(job, Job):
                    found.append(job.samples(start * writer.planes, stop * writer.planes))
                elif job is None:
                    epochs, indices = segment.epochs[start:stop], segment.indices[start:stop]
                    rows = self.plan.rows(epochs, indices, rng.integers)
                    found.append(writer.read_job(rows, epochs, indices, _drawn(epochs, indices)))
        return [job for job in found if job is not None]

    def prepare(
        self,
        epochs: Indices,
        indices: Indices,
        *,
        measured: bool = False,
        staged: StagedBlock | None = None,
    ) -> list[Any]:
        """Return for each group of leaves the jobs of all these samples.

        None stands for a job that has to read the samples first, or where these are asked for
        (`measured`) for all others.
        """
        units_of = _drawn(epochs, indices)
        rows = self.plan.rows(epochs, indices, rng.integers)
        return [
            [
                writer.job(rows, epochs, indices, units_of, staged)
                if writer.measures == measured
                else None
                for writer in writers
            ]
            for writers in self._writers
        ]


def _drawn(epochs: Indices, indices: Indices) -> Callable[[Step], Floats]:
    """Return what gives the draws of a step for these samples, drawn once."""
    drawn: dict[int, Floats] = {}

    def units_of(step: Step) -> Floats:
        # Components that share a step share its draws.
        if step.stream not in drawn:
            drawn[step.stream] = draw_units(step, epochs, indices, rng.uniform)
        return drawn[step.stream]

    return units_of


def compile_plan(plan: Plan, options: Options) -> Executor:
    """Return what makes the batches of a plan, in any epoch; reads nothing."""
    batches = plan.batch_size is not None and not plan.later and not plan.weighted
    # Tensors are made of batches as they lie, without arrays in between.
    whole = formatter_of(options.format).batches is not None and batches
    return Executor(plan, batches_per_block(plan, options.prefetch), whole=whole)


def _read_at(jobs: list[KernelJob]) -> list[Indices] | None:
    """Return where in memory each sample of a batch is read, None if that is not known."""
    found = [job.addresses for job in jobs]
    known = [each for each in found if each is not None]
    return known if len(known) == len(found) else None


def _moved(job: KernelJob, staged: StagedBlock) -> KernelJob:
    """Return the job that reads where the bytes of files were read to, if it reads any."""
    if isinstance(job, PlacedJob):
        return job.at(staged.moved(job.reading).places)
    return staged.moved(job) if isinstance(job, Job) else job


def _cut(jobs: list[KernelJob], pieces: int) -> tuple[WorkItem, ...]:
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
    return (WorkItem(tuple(first)), *(WorkItem((part,)) for part in parts[1:]))
