"""What jobs have in common that read other pixels of a box than those one step apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from samebytes.engine.kernels.job import Job, prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

__all__ = ["PlacedJob", "frame_and_reading"]


@dataclass(frozen=True)
class PlacedJob:
    """A batch of which each pixel is made of some box of the source.

    Attributes
    ----------
    frame : Job
        Source, output and factors; at its geometry nobody looks.
    covering : Job
        What reads as much of the source as this does.
    """

    frame: Job
    covering: Job

    by_sample: ClassVar[tuple[str, ...]] = ()
    """Which tables have a row for each sample."""

    @property
    def out(self) -> NDArray[Any]:
        """What is written."""
        return self.frame.out

    @property
    def units(self) -> int:
        """In how many pieces the batch can be filled."""
        return self.frame.units

    @property
    def addresses(self) -> NDArray[np.int64] | None:
        """Where each sample is read in memory."""
        return self.frame.addresses

    def part(
        self,
        start: int,
        stop: int,
        out: NDArray[Any],
        ends: NDArray[np.int64] | None = None,
        apart: int = 0,
    ) -> Self:
        """Return the job that writes samples `start` to `stop` of this one to `out`."""
        tables = {name: getattr(self, name)[start:stop] for name in self.by_sample}
        return replace(
            self,
            frame=self.frame.part(start, stop, out, ends, apart),
            covering=self.covering.samples(start, stop),
            **tables,
        )

    def samples(self, start: int, stop: int) -> Job:
        """Return what reads as much of the source as samples `start` to `stop` of this do."""
        return self.covering.samples(start, stop)

    def reading(self, change: Callable[[Job], Job]) -> Self:
        """Return this, reading where `change` says that what it reads lies."""
        return self.at(change(self.covering).places)

    def at(self, places: NDArray[np.int64]) -> Self:
        """Return the job that reads samples at other places."""
        return replace(self, frame=self.frame._replace(places=places))

    def fill(self, start: int, stop: int) -> None:
        """Fill units `start` to `stop`, without the GIL.

        Threads may fill different units of one job at the same time.
        """
        if not 0 <= start <= stop <= self.units:
            message = f"expected 0 <= start <= stop <= {self.units} units, got {start} and {stop}"
            raise ValueError(message)
        if start < stop:
            self._fill(start, stop)

    def _fill(self, start: int, stop: int) -> None:
        raise NotImplementedError


def frame_and_reading(
    source: NDArray[Any],
    out: NDArray[Any],
    places: NDArray[np.int64],
    boxes: NDArray[np.int64],
    factors: dict[str, Any],
) -> tuple[Job, Job]:
    """Return the frame of a job, and what reads the boxes: rows of (row, row, column, column)."""
    nowhere = np.array([[0, 0, 0, 0]])
    frame = prepare(source, np.zeros(0, np.int64), nowhere, out, places=places, **factors)
    count = len(places)
    whole = np.broadcast_to(np.empty(1, source.dtype), (count, *source.shape[1:]))
    spans = np.ascontiguousarray(np.broadcast_to(boxes, (count, 4)))
    reading = frame._replace(out=whole, geometry=np.array([[0, 1, 0, 1]]), spans=spans)
    return frame, reading
