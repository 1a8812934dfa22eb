"""Each component made ready: the memory it is written to, and the job that writes it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from samebytes.engine.addressing import addressing_of, moves
from samebytes.engine.block_views import BlockViews
from samebytes.engine.factors import factors_of, mean_of
from samebytes.engine.kernels import documents
from samebytes.engine.kernels.documents import DocumentJob, prepare_documents
from samebytes.engine.kernels.job import Job, fill, prepare
from samebytes.engine.kernels.means import channel_means
from samebytes.engine.planes import words
from samebytes.engine.readers.staging import StagedBlock
from samebytes.engine.resampled import resample_job, resampled_means, warm_up_resampled
from samebytes.memory.strided import as_strided
from samebytes.plan.affine import Affine, Floats
from samebytes.plan.documents import DocumentFeature
from samebytes.plan.plan import Component, Step, tabulate
from samebytes.plan.tables import Measure, Tables, unmeasured
from samebytes.plan.windows import Rows

__all__ = ["ArrayWriter", "DocumentWriter", "KernelJob", "PairWriter", "Writer"]

Indices = npt.NDArray[np.int64]
UnitsOf = Callable[[Step], Floats]

ALIGNMENT = 64
"""Where each of several batches in one block begins, a multiple of this: frameworks then share."""


class KernelJob(Protocol):
    """A batch as a kernel takes it: what a writer makes, and threads fill in parts.

    Each kind of kernel has one of its own, which knows how to run it.
    """

    @property
    def out(self) -> npt.NDArray[Any]:
        """What is written."""

    @property
    def units(self) -> int:
        """In how many pieces it can be filled, by as many threads."""

    @property
    def addresses(self) -> Indices | None:
        """Where in memory each sample is read, if it is read at all; None if not known."""

    def part(
        self, start: int, stop: int, out: npt.NDArray[Any], ends: Indices, apart: int
    ) -> KernelJob:
        """Return the job that writes samples `start` to `stop` of this one to `out`."""

    def samples(self, start: int, stop: int) -> Job | None:
        """Return what this reads for samples `start` to `stop`, None for nothing."""

    def reading(self, change: Callable[[Job], Job]) -> KernelJob:
        """Return this, reading what `change` makes of what it reads."""

    def fill(self, start: int, stop: int) -> None:
        """Fill units `start` to `stop`, without the GIL."""


class Writer(ABC):
    """One component of a plan made ready: the memory it is written to.

    Parameters
    ----------
    component : Component
        What to write.
    size, elements : int
        Samples in an element at most, and elements in a block.
    """

    measures = False
    planes = 1
    """Into how many planes a sample is cut; each is a sample to the kernel."""
    leaves = 1
    """How many leaves lie in a block, all of each behind all of the one before."""

    def __init__(self, component: Component, size: int, elements: int) -> None:
        self.component = component
        self.spec = component.spec
        # Where each of several batches in one block begins behind the one before.
        each = size * component.sample_bytes // self.leaves
        self.apart = -(-each // ALIGNMENT) * ALIGNMENT
        self._behind = self.apart * elements
        self.block_bytes = self._behind * self.leaves
        self._shape = self.spec.result_shape
        item = self.spec.dtype.itemsize
        sizes = [math.prod(self._shape[axis:]) * item for axis in range(len(self._shape))]
        self._strides = (*sizes, item)

    @property
    def numbers(self) -> int:
        """How many rows, or factors, are worked out for each sample."""
        drawn = any(step.transform.draws for step in self.component.steps)
        return self.planes * (self.spec.factors if self.spec.linear and drawn else 1)

    @property
    @abstractmethod
    def kind(self) -> Any:
        """What decides which kernels are compiled."""

    def lay(self, block: npt.NDArray[np.uint8], counts: tuple[int, ...]) -> list[BlockViews]:
        """Give, for each leaf, its batches of so many samples each in a block of memory."""
        return [BlockViews(block, self._shape, self.spec.dtype, counts, self.apart)]

    def samples(self, block: npt.NDArray[np.uint8], count: int) -> npt.NDArray[Any]:
        """Return the first samples in a block, as if they were all of one batch."""
        shape = (count, *self._shape)
        array: npt.NDArray[Any] = np.ndarray(shape, self.spec.dtype, block, 0, self._strides)
        return array

    def target(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what this writes of samples."""
        return array

    @abstractmethod
    def job(
        self,
        rows: Rows,
        epochs: Indices,
        indices: Indices,
        units_of: UnitsOf,
        staged: StagedBlock | None = None,
    ) -> KernelJob:
        """Return the job of these samples, checked, with nowhere to write to yet.

        What has to be read first is read from `staged`, if that is given.
        """

    @abstractmethod
    def read_job(
        self, rows: Rows, epochs: Indices, indices: Indices, units_of: UnitsOf
    ) -> Job | None:
        """Return a job that reads all that the job of these samples does; None for nothing."""

    @abstractmethod
    def warm_up(self) -> None:
        """Compile, or load from disk, what writes this."""


class DocumentWriter(Writer):
    """A component that is computed from the borders of documents."""

    def __init__(
        self, component: Component, feature: DocumentFeature, size: int, elements: int
    ) -> None:
        super().__init__(component, size, elements)
        self._feature = feature

    @property
    def kind(self) -> Any:
        """What decides which kernels are compiled."""
        return "documents", self.spec.dtype

    def target(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return samples as lines, where each is a single number too."""
        return array if array.ndim > 1 else array[:, np.newaxis]

    def job(
        self,
        rows: Rows,
        epochs: Indices,  # noqa: ARG002
        indices: Indices,  # noqa: ARG002
        units_of: UnitsOf,  # noqa: ARG002
        staged: StagedBlock | None = None,  # noqa: ARG002
    ) -> DocumentJob:
        """Return the job of these samples, with nowhere to write to yet."""
        return prepare_documents(self._feature, self.component.stencil, rows)

    def read_job(
        self,
        rows: Rows,
        epochs: Indices,
        indices: Indices,
        units_of: UnitsOf,
    ) -> None:
        """Return None: borders are in memory."""

    def warm_up(self) -> None:
        """Write a number as a batch will be written."""
        documents.warm_up(self.spec.dtype)


class ArrayWriter(Writer):
    """One component of a plan made ready, or some of its columns."""

    def __init__(
        self,
        component: Component,
        size: int,
        elements: int,
        columns: slice = slice(None),
        place: slice = slice(None),
        *,
        padded: bool = False,
    ) -> None:
        super().__init__(component, size, elements)
        self._addressing = addressing_of(component, columns, padded=padded)
        self._place = place
        if padded and self.spec.is_resampled:
            message = (
                f"component {component.name}: what padded windows show of images cannot be "
                "resampled, or padded again; do that in a function, map(function)"
            )
            raise ValueError(message)
        self._usual = self._usual_factors() if self.spec.linear else {}
        self.measures = self.spec.read_again > 0
        self.planes = len(self._addressing.planes)

    @property
    def kind(self) -> Any:
        """What decides which kernels are compiled."""
        padded, arithmetic = self._addressing.padding is not None, self.spec.arithmetic
        facts = self._addressing.source.dtype, self.spec.dtype, arithmetic, *self._usual, padded
        return *facts, self.spec.is_resampled and (self.spec.resampling or ("nearest",))[0]

    def target(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what this writes of a batch, with the axes n, height, width, channels."""
        if self.component.stencil.columns is not None:
            array = array[:, self._place] if self.spec.planar else array[..., self._place]
        if self.spec.is_image:
            array = array.reshape(-1, *array.shape[-3:]) if self.spec.framed else array
            return array.transpose(0, 2, 3, 1) if self.spec.planar else array
        items = words(array) if moves(self.spec) else array
        return items.reshape(len(array) * self.planes, *self._addressing.source.shape[1:])

    def job(
        self,
        rows: Rows,
        epochs: Indices,
        indices: Indices,
        units_of: UnitsOf,
        staged: StagedBlock | None = None,
    ) -> KernelJob:
        """Return the job of these samples, checked, with nowhere to write to yet."""
        places = self._addressing.places(rows)
        if staged is not None:
            places = staged.moved(self.read_job(rows, epochs, indices, units_of)).places

        def means(tables: Tables, /, *_: Measure) -> Floats:
            def measure(**limits: Any) -> Floats:
                geometry = tables.geometry
                size = geometry.height, geometry.width
                source = self._addressing.source
                if self.spec.is_resampled:
                    return resampled_means(source, places, geometry, self.spec, limits)
                return channel_means(
                    source, indices, geometry.steps, *size, **limits, places=places
                )

            return mean_of(tables.affine, self.spec, measure)

        tables = tabulate(self.component, epochs, indices, means, units_of)
        target, factors = self.target(self._nowhere(len(indices))), self._factors(tables.affine)
        if self.spec.is_resampled:
            source, geometry = self._addressing.source, tables.geometry.repeated(self.planes)
            return resample_job(source, places, geometry, target, self.spec, factors)
        return prepare(
            self._addressing.source,
            indices,
            _repeated(tables.geometry.steps, self.planes),
            target,
            **factors,
            places=places,
            spans=self._addressing.spans(rows),
            padding=self._addressing.padding,
        )

    def read_job(self, rows: Rows, epochs: Indices, indices: Indices, units_of: UnitsOf) -> Job:
        """Return a job that reads all that the job of these samples does, and calculates nothing.

        A mean is taken of what a chain has come to where it stands, before later crops.
        """
        return self._reading(self.component, rows, epochs, indices, units_of)

    def _reading(
        self,
        component: Component,
        rows: Rows,
        epochs: Indices,
        indices: Indices,
        units_of: UnitsOf,
    ) -> Job:
        """Return what reads all that some steps of the component do."""
        widest: list[tuple[npt.NDArray[np.int64], int, int]] = []

        def means(tables: Tables, /, *what: Measure) -> Floats:
            geometry = tables.geometry if tables.whole is None else tables.whole
            widest.append((geometry.steps.copy(), geometry.height, geometry.width))
            return unmeasured(tables, *what)

        tables = tabulate(component, epochs, indices, means, units_of)
        nowhere = self.target(self._nowhere(len(indices)))
        steps = tables.geometry.steps
        if self.spec.is_resampled:
            source, places = self._addressing.source, self._addressing.places(rows)
            geometry = tables.geometry.repeated(self.planes)
            found = resample_job(source, places, geometry, nowhere, self.spec, {}).covering
            # Of a mean in front of a later crop, all that there is.
            return found._replace(spans=None) if widest else found
        if widest:
            steps, height, width = widest[0]
            shape = (len(indices), height, width, nowhere.shape[3])
            nowhere = as_strided(np.empty(1, self.spec.dtype), shape, (0, 0, 0, 0))
        return prepare(
            self._addressing.source,
            indices,
            _repeated(steps, self.planes),
            nowhere,
            places=self._addressing.places(rows),
            spans=self._addressing.spans(rows),
            padding=self._addressing.padding,
        )

    def _nowhere(self, count: int) -> npt.NDArray[Any]:
        """Return samples of which only the layout is looked at; the parts of a job get memory."""
        return as_strided(np.empty(1, self.spec.dtype), (count, *self._shape), self._strides)

    def _factors(self, affine: Affine) -> dict[str, Any]:
        """Return the tables of these columns, a row for each plane."""
        if not self.spec.linear:
            return {}
        chosen = self._place if self.component.stencil.columns is not None else slice(None)
        factors = factors_of(affine, self.spec, centered="center" in self._usual)
        return {name: _repeated(table[:, chosen], self.planes) for name, table in factors.items()}

    def _usual_factors(self) -> dict[str, Any]:
        """Return factors of a sample that never was: which there are decides what is compiled."""
        one = np.zeros(1, np.int64)

        def units_of(step: Step) -> Floats:
            return np.full((1, step.transform.draws), 0.25)

        tables = tabulate(self.component, one, one, unmeasured, units_of)
        return factors_of(tables.affine, self.spec)

    def warm_up(self) -> None:
        """Fill a pixel as a batch will be filled."""
        addressing = self._addressing
        source = np.zeros((1, 1, 1, addressing.source.shape[3]), addressing.source.dtype)
        moved = moves(self.spec) and not self.spec.is_image
        out = np.empty(source.shape, source.dtype if moved else self.spec.dtype)
        table = np.zeros((1, source.shape[3]), self.spec.arithmetic)
        given: dict[str, Any] = dict.fromkeys(self._usual, table)
        if addressing.padding is not None:
            given |= {"spans": np.zeros((1, 4), np.int64), "padding": addressing.padding}
        if self.spec.is_resampled:
            return warm_up_resampled(source, out, self.spec, given)
        one = np.zeros(1, np.int64)
        job = prepare(source, one, np.array([[0, 1, 0, 1]]), out, **given)
        return fill(job, 0, job.units)


class PairWriter(ArrayWriter):
    """Two leaves that are read as one and written side by side, all of the second behind the first.

    A line of the one and of the other are two rows of a sample, which lie far apart where they are
    written and on top of each other where they are read.
    """

    leaves = 2

    def __init__(self, component: Component, size: int, elements: int) -> None:
        super().__init__(component, size, elements)
        self._strides = (component.sample_bytes // 2, self._behind, *self._strides[2:])

    def target(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what this writes of samples: of each a line of the one and a line of the other."""
        items = words(array) if moves(self.spec) else array
        _, _, width, channels = self._addressing.source.shape
        # Not by a reshape, which changes the stride of a single sample.
        strides = (*self._strides[:2], channels * items.itemsize, items.itemsize)
        return as_strided(items, (len(array), 2, width, channels), strides)

    def lay(self, block: npt.NDArray[np.uint8], counts: tuple[int, ...]) -> list[BlockViews]:
        """Return the batches of the first, and those of the second."""
        facts = self._shape[1:], self.spec.dtype, counts, self.apart
        return [BlockViews(block, *facts, begin) for begin in (0, self._behind)]


def _repeated(table: npt.NDArray[Any], times: int) -> npt.NDArray[Any]:
    """Return each sample's row so many times, but not the one that all of them share."""
    return table if times == 1 or len(table) == 1 else np.repeat(table, times, axis=0)
