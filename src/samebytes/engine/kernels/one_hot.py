"""Labels written as vectors, and mixed with those of other samples."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
# ruff: noqa: ANN001, ANN202 - what Numba compiles is typed by Numba

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from samebytes.engine.kernels.intrinsics import line_at
from samebytes.engine.kernels.jit import compiled
from samebytes.engine.kernels.job import Job, plain_dtype
from samebytes.engine.kernels.joined import joined
from samebytes.engine.kernels.lines import convert_line
from samebytes.memory.aligned import address_of
from samebytes.plan.transforms.one_hot import check_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["OneHotJob"]


@compiled(cache=True)
def _write_vectors(address, like, ends, apart, labels, others, shares, line):
    """Write a vector for each label, of which `shares` go to those of others."""
    classes = line.shape[0]
    batch, before = 0, 0
    for j in range(labels.shape[0]):
        while j >= ends[batch]:
            before = ends[batch]
            batch += 1
        line[:] = 0
        # As a difference, so that equal labels make a one.
        line[labels[j]] = np.float64(1) - shares[j]
        if labels[j] == others[j]:
            line[labels[j]] = 1
        else:
            line[others[j]] = shares[j]
        place = address + batch * apart + (j - before) * classes * like.itemsize
        written = line_at(place, classes, like)
        convert_line(line, None, None, None, None, None, written)


class OneHotJob(NamedTuple):
    """A batch of labels as vectors.

    Attributes
    ----------
    out : ndarray, shape (n, classes)
        What is written.
    labels, others : Job
        What reads the labels, and those of partners; the same where nothing is mixed.
    shares : ndarray of float64, shape (n,)
        Of the partners.
    ends, apart
        As of `Job`.
    """

    out: NDArray[Any]
    labels: Job
    others: Job
    shares: NDArray[np.float64]
    ends: NDArray[np.int64]
    apart: int

    @property
    def units(self) -> int:
        """In how many pieces it can be filled: one, for labels are small."""
        return min(len(self.shares), 1)

    @property
    def addresses(self) -> NDArray[np.int64] | None:
        """Where in memory each label is read."""
        found = [job.addresses for job in self._jobs()]
        return np.concatenate([one for one in found if one is not None])

    def _jobs(self) -> list[Job]:
        return [self.labels] if self.others is self.labels else [self.labels, self.others]

    def part(
        self, start: int, stop: int, out: NDArray[Any], ends: NDArray[np.int64], apart: int
    ) -> OneHotJob:
        """Return the job that writes samples `start` to `stop` of this one to `out`."""
        labels, *rest = (job.samples(start, stop) for job in self._jobs())
        return OneHotJob(
            out, labels, rest[0] if rest else labels, self.shares[start:stop], ends, apart
        )

    def samples(self, start: int, stop: int) -> Job:
        """Return what this reads for samples `start` to `stop`, with nowhere to write to."""
        labels, *rest = (job.samples(start, stop) for job in self._jobs())
        return joined(labels, rest[0]) if rest else labels

    def reading(self, change: Callable[[Job], Job]) -> OneHotJob:
        """Return this, reading what `change` makes of what it reads."""
        labels, *rest = map(change, self._jobs())
        return self._replace(labels=labels, others=rest[0] if rest else labels)

    def fill(self, start: int, stop: int) -> None:
        """Read the labels, and write all vectors."""
        if start == stop:
            return
        classes = self.out.shape[1]
        found = []
        for job in self._jobs():
            labels = np.empty((len(self.shares), 1, 1, 1), np.int64)
            read = job._replace(out=job.out[: len(labels)]).part(0, len(labels), labels)
            read.fill(0, read.units)
            found.append(labels.reshape(-1))
            check_labels(found[-1], classes)
        like = np.empty(1, plain_dtype(self.out.dtype))
        line = np.empty(classes, np.float32)
        facts = found[0], found[-1], self.shares, line
        _write_vectors(address_of(self.out), like, self.ends, self.apart, *facts)
