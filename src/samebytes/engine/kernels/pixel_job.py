"""One pass whose pixels pass through stages: what is read and written, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from samebytes.engine.kernels.checks import check_bounds
from samebytes.engine.kernels.job import Job, address_table, plain_dtype, row_step
from samebytes.engine.kernels.joined import joined
from samebytes.engine.kernels.pixel_fill import fill_pixels, measure_pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from samebytes.plan.tables import Measure

__all__ = ["Mixture", "PixelJob", "Program", "measure"]


class Program(NamedTuple):
    """The stages of each sample as the kernel takes them, or those that all samples share.

    Attributes
    ----------
    kinds : ndarray of int64, shape (n, stages) or (1, stages)
        What each stage does; see `samebytes.plan.stages`.
    places : ndarray of int64, shape (n, stages, 2) or (1, stages, 2)
        Where in `table` the table of each begins, and how far from it those of other channels
        lie, or the key of its noise.
    frames : ndarray of int64, shape (n, stages, 4) or (1, stages, 4)
        What the first pixel of the image and steps in it were where the stage stood: row, row step,
        column, column step.
    numbers : ndarray of float32 or float64, shape (n, stages, size) or (1, stages, size)
        With what; their dtype is that of the lines.
    table : ndarray like `numbers`, shape (entries,)
        All tables, one behind the other.
    levels, room : int
        How many stages mix neighbours at most, and how many rows each of them needs.
    """

    kinds: NDArray[np.int64]
    places: NDArray[np.int64]
    frames: NDArray[np.int64]
    numbers: NDArray[Any]
    table: NDArray[Any]
    levels: int = 0
    room: int = 1

    def rows(self, chosen: slice) -> Program:
        """Return the stages of some samples."""
        if len(self.kinds) == 1:
            return self
        each = "kinds", "places", "frames", "numbers"
        changed = {name: getattr(self, name)[chosen] for name in each}
        return self._replace(**changed)

    @property
    def facts(self) -> tuple[tuple[Any, ...], int]:
        """What a kernel is given: everything one behind the other, and stages from row to row."""
        _, stages, size = self.numbers.shape
        parts = (one.reshape(-1) for one in self[:5])
        return (*parts, stages, size), 0 if len(self.kinds) == 1 else stages


class Mixture(NamedTuple):
    """What each sample is mixed with, and what happens then.

    Attributes
    ----------
    job, program : Job, Program
        What is read of the partners, and what is done to that.
    shares : ndarray of float64, shape (n,)
        Of the partners.
    boxes : ndarray of int64, shape (n, 4)
        Where they are mixed in: top, bottom, left, right.
    after : Program
        What is done to the mixture.
    """

    job: Job
    program: Program
    shares: NDArray[np.float64]
    boxes: NDArray[np.int64]
    after: Program

    def samples(self, start: int, stop: int) -> Mixture:
        """Return the mixtures of samples `start` to `stop`."""
        chosen = slice(start, stop)
        return Mixture(
            self.job.samples(start, stop),
            self.program.rows(chosen),
            self.shares[chosen],
            self.boxes[chosen],
            self.after.rows(chosen),
        )


class PixelJob(NamedTuple):
    """A batch whose pixels pass through stages, as the kernel takes it.

    Attributes
    ----------
    job : Job
        What is read and written, without any factors.
    program : Program
        What is done in between.
    mixture : Mixture, optional
        What samples are mixed with.
    """

    job: Job
    program: Program
    mixture: Mixture | None = None

    @property
    def out(self) -> NDArray[Any]:
        """What is written."""
        return self.job.out

    @property
    def units(self) -> int:
        """In how many pieces the batch can be filled."""
        return self.job.units

    @property
    def addresses(self) -> NDArray[np.int64] | None:
        """Where each sample is read in memory, and each partner."""
        return self.samples(0, len(self.job.places)).addresses

    def part(
        self, start: int, stop: int, out: NDArray[Any], ends: NDArray[np.int64], apart: int
    ) -> PixelJob:
        """Return the job that writes samples `start` to `stop` of this one to `out`."""
        mixture = None if self.mixture is None else self.mixture.samples(start, stop)
        chosen = self.program.rows(slice(start, stop))
        return PixelJob(self.job.part(start, stop, out, ends, apart), chosen, mixture)

    def samples(self, start: int, stop: int) -> Job:
        """Return what this reads for samples `start` to `stop`, with nowhere to write to."""
        mine = self.job.samples(start, stop)
        return mine if self.mixture is None else joined(mine, self.mixture.job.samples(start, stop))

    def reading(self, change: Callable[[Job], Job]) -> PixelJob:
        """Return this, reading what `change` makes of what it reads."""
        mixture = self.mixture
        if mixture is not None:
            mixture = mixture._replace(job=change(mixture.job))
        return PixelJob(change(self.job), self.program, mixture)

    def fill(self, start: int, stop: int) -> None:
        """Fill units `start` to `stop`, without the GIL."""
        job = self.job
        if not 0 <= start <= stop <= job.units:
            message = f"expected 0 <= start <= stop <= {job.units} units, got {start} and {stop}"
            raise ValueError(message)
        if start == stop:
            return
        _, _, width, channels = job.out.shape
        items = width * channels
        mixture = self.mixture or Mixture(job, self.program, *NO_SHARES, self.program)
        both = self.program, mixture.program
        room = max(program.room for program in both)
        rings = max(program.levels for program in both) * room * items
        # Room for lines, private to this call and so to its thread.
        fill_pixels(
            job.source_table,
            job.out_table,
            _read(job, self.program),
            _read(mixture.job, mixture.program),
            *mixture.after.facts,
            mixture.shares,
            mixture.boxes,
            np.empty(2 * items, plain_dtype(job.source.dtype)),
            np.empty(3 * items + 2 * width + 2 * rings, self.program.numbers.dtype),
            room,
            np.empty(items, plain_dtype(job.out.dtype)),
            start,
            stop,
            job.ends,
            job.apart,
            job.blocks,
            job.swapped,
            job.streaming,
        )


NO_SHARES = np.zeros(0), np.zeros((0, 4), np.int64)


def _read(job: Job, program: Program) -> tuple[Any, ...]:
    """Return what a kernel is given to read samples by."""
    return job.places, job.geometry, row_step(job.geometry), *program.facts


def measure(
    source: NDArray[Any],
    places: NDArray[np.int64],
    geometry: NDArray[np.int64],
    height: int,
    width: int,
    program: Program,
    what: Measure | None = None,
) -> NDArray[np.float64]:
    """Return the means of what stages make of a region of every sample, or what else is asked for.

    Parameters
    ----------
    source : array, shape (N, H, W, C)
        Any strides and byte order.
    places : array of int64, shape (n,)
        Bytes from its first item to each sample.
    geometry : array of int64, shape (n, 4) or (1, 4)
        As for `prepare`.
    height, width : int
        Size of the region, at least 1 each.
    program : Program
        The stages.
    what : Measure, optional
        By default the mean.

    Returns
    -------
    array of float64, shape (n, C) or (n, C, count)
    """
    channels = source.shape[3]
    items = width * channels
    found = np.empty((len(places), channels, 1 if what is None else what.count))
    levels = (0.0, 0.0) if what is None else (what.low, what.levels)
    if found.size:
        check_bounds(source.shape, geometry, height, width)
        rings = program.levels * program.room * items
        measure_pixels(
            address_table(source),
            (places, geometry, row_step(geometry), *program.facts),
            height,
            width,
            np.empty(2 * items, plain_dtype(source.dtype)),
            np.empty(2 * items + rings, program.numbers.dtype),
            program.room,
            np.empty(2 * items),
            not source.dtype.isnative,
            levels,
            found,
        )
    return found[:, :, 0] if what is None else found
