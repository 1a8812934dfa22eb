"""Components that are computed from the borders of documents, written as any other."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
# ruff: noqa: ANN001, ANN202 - what Numba compiles is typed by Numba

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from samebytes.engine.kernels.intrinsics import line_at
from samebytes.engine.kernels.jit import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from samebytes.plan.documents import DocumentFeature
    from samebytes.plan.windows import Rows, Stencil

__all__ = ["DocumentJob", "prepare_documents", "warm_up"]


class DocumentJob(NamedTuple):
    """A batch of such a component as the kernel takes it; what `Job` is to others."""

    out: NDArray[Any]
    ends: NDArray[np.int64]
    apart: int
    starts: NDArray[np.int64]
    valid: NDArray[np.int64]
    first: int
    step: int
    borders: NDArray[np.int64]
    continues: bool

    @property
    def units(self) -> int:
        """In how many pieces it can be filled: samples."""
        return len(self.starts)

    @property
    def addresses(self) -> NDArray[np.int64]:
        """Where each sample is read in memory: nowhere, since it is computed."""
        return np.empty(0, np.int64)

    def part(
        self,
        start: int,
        stop: int,
        out: NDArray[Any],
        ends: NDArray[np.int64],
        apart: int,
    ) -> DocumentJob:
        """Return what writes samples `start` to `stop` to `out`; see `Job.part`."""
        chosen = slice(start, stop)
        return self._replace(
            out=out, ends=ends, apart=apart, starts=self.starts[chosen], valid=self.valid[chosen]
        )

    def samples(self, start: int, stop: int) -> None:
        """Return None: nothing is read."""

    def reading(self, change: object) -> DocumentJob:  # noqa: ARG002
        """Return this, which reads nothing."""
        return self

    def fill(self, start: int, stop: int) -> None:
        """Fill samples `start` to `stop`, without the GIL."""
        like = np.empty(1, self.out.dtype)
        _fill_documents(
            self.out.ctypes.data,
            like,
            self.out.shape[1],
            self.ends,
            self.apart,
            self.starts,
            self.valid,
            self.first,
            self.step,
            self.borders,
            self.continues,
            start,
            stop,
        )


def prepare_documents(fact: DocumentFeature, stencil: Stencil, rows: Rows) -> DocumentJob:
    """Return the work for these samples, with nowhere to write to yet."""
    ((count, step),) = stencil.axes or ((1, 1),)
    reach = np.array([min(stencil.offset, 0), stencil.last + 1], np.int64)
    whole = np.broadcast_to(reach, (len(rows.starts), 2))
    return DocumentJob(
        np.empty((0, count), fact.dtype),
        np.zeros(1, np.int64),
        0,
        rows.starts,
        np.ascontiguousarray(whole if rows.valid is None else rows.valid),
        stencil.offset,
        step,
        fact.borders,
        fact.continues,
    )


def warm_up(dtype: np.dtype[Any]) -> None:
    """Compile, or load from disk."""
    one, borders = np.zeros(1, np.int64), np.array([0, 1], np.int64)
    out, valid = np.empty((1, 1), dtype), np.array([[0, 1]], np.int64)
    job = DocumentJob(out, np.ones(1, np.int64), 0, one, valid, 0, 1, borders, continues=False)
    job.fill(0, 1)


@compiled(cache=True)
def _fill_documents(
    base,
    like,
    count,
    ends,
    apart,
    starts,
    valid,
    first,
    step,
    borders,
    continues,
    start,
    stop,
):
    batch, before = 0, 0
    for j in range(start, stop):
        while j >= ends[batch]:
            before = ends[batch]
            batch += 1
        line = line_at(base + batch * apart + (j - before) * count * like.itemsize, count, like)
        # Rows before the first valid one are not looked up: their document may not exist.
        begin = max(starts[j] + max(valid[j, 0], first), 0)
        document = np.searchsorted(borders, begin, "right") - 1
        for t in range(count):
            place = first + t * step
            if not valid[j, 0] <= place < valid[j, 1]:
                line[t] = 0
                continue
            row = starts[j] + place
            while row >= borders[document + 1]:
                document += 1
            if continues:
                line[t] = 1 if row + 1 < borders[document + 1] else 0
            else:
                line[t] = row - borders[document]
