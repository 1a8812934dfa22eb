"""Images whose pixels pass through stages, made ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.factors import mean_of
from samebytes.engine.kernels import rng
from samebytes.engine.kernels.job import Job, prepare
from samebytes.engine.kernels.joined import joined
from samebytes.engine.kernels.means import channel_means
from samebytes.engine.kernels.pixel_job import Mixture, PixelJob, Program, measure
from samebytes.engine.mixed import mixing_of, partners_of
from samebytes.engine.programs import program_of
from samebytes.engine.readers.staging import StagedBlock
from samebytes.engine.writers import ArrayWriter
from samebytes.plan.affine import Affine
from samebytes.plan.geometry import Geometry
from samebytes.plan.plan import Component, Step, draw_units, tabulate
from samebytes.plan.tables import Floats, Means, Measure, Tables, unmeasured
from samebytes.plan.windows import Rows

__all__ = ["PixelWriter"]

Indices = npt.NDArray[np.int64]
UnitsOf = Callable[[Step], Floats]


class PixelWriter(ArrayWriter):
    """A component of images whose pixels pass through stages."""

    @property
    def numbers(self) -> int:
        """How many numbers are worked out for each sample: with tables, all of these."""
        span = self.spec.span if self.spec.pointwise else None
        return super().numbers if span is None else max(super().numbers, span[1] - span[0])

    @property
    def kind(self) -> Any:
        """What decides which kernels are compiled."""
        spec = self.spec
        return "pixels", self._addressing.source.dtype, spec.dtype, spec.arithmetic

    def job(
        self,
        rows: Rows,
        epochs: Indices,
        indices: Indices,
        units_of: UnitsOf,
        staged: StagedBlock | None = None,
    ) -> PixelJob:
        """Return the job of these samples, checked, with nowhere to write to yet."""
        found = mixing_of(self.component)
        if found is None:
            return PixelJob(*self._part(self.component, rows, epochs, indices, units_of, staged))
        units = units_of(found.step)
        theirs = partners_of(found.partners, epochs, units)

        def their_units_of(step: Step) -> Floats:
            return draw_units(step, *theirs, rng.uniform)

        mine = self._part(found.before, rows, epochs, indices, units_of, staged)
        partner = self._part(found.before, Rows(theirs[1]), *theirs, their_units_of, staged)
        size = found.partners.height, found.partners.width
        shares, boxes = found.transform.weights(units, *size)
        tables = Tables(Geometry.whole(*size), Affine.identity(self.spec.factors))
        for step in found.after.steps:
            step.transform.tabulate(tables, units_of(step), unmeasured)
        boxes = np.ascontiguousarray(boxes, np.int64)
        return PixelJob(*mine, Mixture(*partner, shares, boxes, program_of(tables, self.spec)))

    def _part(
        self,
        component: Component,
        rows: Rows,
        epochs: Indices,
        indices: Indices,
        units_of: UnitsOf,
        staged: StagedBlock | None,
    ) -> tuple[Job, Program]:
        """Return what reads samples, and what is done to them, with nowhere to write to yet."""
        places = self._addressing.places(rows)
        if staged is not None:
            places = staged.moved(self._reading(component, rows, epochs, indices, units_of)).places
        tables = tabulate(component, epochs, indices, self._measure(places), units_of)
        source, target = self._addressing.source, self.target(self._nowhere(len(indices)))
        job = prepare(source, indices, tables.geometry.steps, target, places=places)
        return job, program_of(tables, self.spec)

    def read_job(self, rows: Rows, epochs: Indices, indices: Indices, units_of: UnitsOf) -> Job:
        """Return a job that reads all that the job of these samples does, partners included."""
        found = mixing_of(self.component)
        if found is None:
            return self._reading(self.component, rows, epochs, indices, units_of)
        theirs = partners_of(found.partners, epochs, units_of(found.step))

        def their_units_of(step: Step) -> Floats:
            return draw_units(step, *theirs, rng.uniform)

        mine = self._reading(found.before, rows, epochs, indices, units_of)
        partner = self._reading(found.before, Rows(theirs[1]), *theirs, their_units_of)
        return joined(mine, partner)

    def _measure(self, all_places: Indices) -> Means:
        """Return what measures samples at these places, where a chain has come to."""
        source = self._addressing.source

        def measured(tables: Tables, /, *what: Measure) -> Floats:
            geometry = tables.geometry
            region = geometry.steps, geometry.height, geometry.width
            places = all_places if tables.samples is None else all_places[tables.samples]
            if tables.stages or what or tables.table is not None:
                return measure(source, places, *region, program_of(tables, self.spec), *what)

            def means(**limits: Any) -> Floats:
                return channel_means(source, places, *region, **limits, places=places)

            return mean_of(tables.affine, self.spec, means)

        return measured

    def _usual_factors(self) -> dict[str, Any]:
        """Return nothing: no factors decide about what is compiled."""
        return {}

    def warm_up(self) -> None:
        """Fill a pixel as a batch will be filled."""
        like = self._addressing.source
        source = np.zeros((1, 1, 1, like.shape[3]), like.dtype)
        whole, nothing = Geometry.whole(1, 1), Affine.identity(self.spec.factors)
        one, out = np.zeros(1, np.int64), np.empty(source.shape, self.spec.dtype)
        program = program_of(Tables(whole, nothing), self.spec)
        job = PixelJob(prepare(source, one, whole.steps, out), program)
        job.fill(0, job.units)
