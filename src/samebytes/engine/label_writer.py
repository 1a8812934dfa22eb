"""Labels that become vectors, made ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.kernels.job import Job, prepare
from samebytes.engine.kernels.one_hot import OneHotJob
from samebytes.engine.mixed import mixing_of, partners_of
from samebytes.engine.readers.staging import StagedBlock
from samebytes.engine.writers import ArrayWriter
from samebytes.plan.geometry import Geometry
from samebytes.plan.plan import Step
from samebytes.plan.tables import Floats
from samebytes.plan.windows import Rows

__all__ = ["LabelWriter"]

Indices = npt.NDArray[np.int64]
UnitsOf = Callable[[Step], Floats]


class LabelWriter(ArrayWriter):
    """A component of labels that become vectors, mixed or not."""

    @property
    def kind(self) -> Any:
        """What decides which kernels are compiled."""
        return "one hot", self._addressing.source.dtype, self.spec.dtype

    def target(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what this writes of a batch: all of it."""
        return array

    def job(
        self,
        rows: Rows,
        epochs: Indices,
        indices: Indices,
        units_of: UnitsOf,
        staged: StagedBlock | None = None,  # noqa: ARG002
    ) -> OneHotJob:
        """Return the job of these samples, with nowhere to write to yet."""
        labels = others = self._labels(rows)
        shares = np.zeros(len(indices))
        place = mixing_of(self.component)
        if place is not None:
            step, transform, partners = place.step, place.transform, place.partners
            units = units_of(step)
            theirs = partners_of(partners, epochs, units)
            others = self._labels(Rows(theirs[1]))
            shares = transform.label_weights(units, partners.height, partners.width)
        nowhere = self._nowhere(len(indices))
        return OneHotJob(nowhere, labels, others, shares, np.array([len(indices)], np.int64), 0)

    def read_job(self, rows: Rows, epochs: Indices, indices: Indices, units_of: UnitsOf) -> Job:
        """Return a job that reads all labels that the job of these samples does."""
        return self.job(rows, epochs, indices, units_of).samples(0, len(indices))

    def _labels(self, rows: Rows) -> Job:
        """Return what reads the labels of samples as whole numbers, with nowhere to write to."""
        places = self._addressing.places(rows)
        source = self._addressing.source
        nowhere = np.empty((len(places), 1, 1, 1), np.int64)
        whole = Geometry.whole(1, 1).steps
        return prepare(source, rows.starts, whole, nowhere, places=places)

    def _usual_factors(self) -> dict[str, Any]:
        """Return nothing: no factors decide about what is compiled."""
        return {}

    def warm_up(self) -> None:
        """Write a label as a batch will be written."""
        source = np.zeros((1, 1, 1, 1), self._addressing.source.dtype)
        one = np.zeros(1, np.int64)
        nowhere = np.empty((1, 1, 1, 1), np.int64)
        read = prepare(source, one, Geometry.whole(1, 1).steps, nowhere)
        out = np.empty((1, self.spec.classes), self.spec.dtype)
        OneHotJob(out, read, read, np.zeros(1), np.ones(1, np.int64), 0).fill(0, 1)
