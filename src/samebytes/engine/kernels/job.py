"""One pass: read the source bytes of a batch, convert them, write the batch.

A batch is described by small tables, one row for each sample; what all samples share has one row
in all. `geometry` says where the first pixel is read and in which direction ((row, row step,
column, column step), steps +1 or -1); `center`, `scale`, `offset`, `low` and `high` say what
becomes of an item:
``min(max((x - center[j, c]) * scale[j, c] + offset[j, c], low[j, c]), high[j, c])``, difference,
product and sum each rounded in the dtype of the tables. No center: nothing is subtracted. No
limits: nothing is clipped. No tables at all: the items are converted, or, between equal dtypes,
copied.

A batch is written line by line. A line is what lies contiguous in the output: a row of pixels with
their channels (NHWC) or a row of one channel (NCHW). Each step is skipped where it has nothing
to do:

    source --gather--> line in cache --swap bytes--> --convert--> line in cache --scatter--> output

For the usual crop nothing but `convert` is left, straight from the source to the output. With
`streaming`, the stores go past the caches: a batch larger than the cache is written to memory once
instead of being read in first, and the source stays cached.

Work is divided by units, blocks of rows of one sample, so that threads can share a single huge
image as well as a batch of many. Which thread fills which units changes no byte.

Why the kernel takes addresses and strides in one integer table and not arrays: one compiled
version for each pair of dtypes, whatever the layout, and nothing to unwrap at each call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import ml_dtypes
import numpy as np

from samebytes.engine.kernels import rng
from samebytes.engine.kernels.checks import check_bounds, check_tables, places_of
from samebytes.engine.kernels.fill import FACTORS, fill_chunk
from samebytes.engine.kernels.items import BFLOAT, HALF
from samebytes.memory.aligned import address_of
from samebytes.plan import permutation

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from samebytes.engine.kernels.checks import Table

__all__ = [
    "FLIP",
    "STREAMING_BYTES",
    "UNIT_BYTES",
    "Job",
    "fill",
    "plain_dtype",
    "prepare",
    "row_step",
    "streaming_pays",
    "warm_up",
]

STREAMING_BYTES = 2 << 20
"""Bytes of a batch from which streaming stores pay; measured, see `streaming_pays`."""

UNIT_BYTES = 256 << 10
"""Bytes of output in a unit, about: some 10 µs of work, so that threads end at the same time."""

FLIP = -1
"""A step of `geometry` that reads backwards."""


class Job(NamedTuple):
    """A batch as the kernel takes it; it keeps the arrays behind the addresses alive."""

    source: NDArray[Any]
    out: NDArray[Any]
    source_table: NDArray[np.int64]
    out_table: NDArray[np.int64]
    places: NDArray[np.int64]
    geometry: NDArray[np.int64]
    scale: Table
    offset: Table
    center: Table
    low: Table
    high: Table
    spans: NDArray[np.int64] | None
    padding: NDArray[Any] | None
    source_dtype: np.dtype[Any]
    out_dtype: np.dtype[Any]
    ends: NDArray[np.int64]
    apart: int
    blocks: int
    swapped: bool
    streaming: bool

    @property
    def units(self) -> int:
        """In how many pieces the batch can be filled."""
        return len(self.places) * self.blocks

    @property
    def addresses(self) -> NDArray[np.int64] | None:
        """Where each sample is read in memory; None if samples may begin with padding."""
        found: NDArray[np.int64] = self.source_table[0] + self.places
        return found if self.spans is None else None

    def part(
        self,
        start: int,
        stop: int,
        out: NDArray[Any],
        ends: NDArray[np.int64] | None = None,
        apart: int = 0,
    ) -> Job:
        """Return the job that writes samples `start` to `stop` of this one to `out`.

        What `prepare` has checked for many batches at once is not checked again: a batch then
        costs 10 µs instead of 60. `out` has the layout of this job's own. Where it is several
        batches, each is `apart` bytes behind the one before and ends behind sample ``ends[k]``;
        the memory must have room for that.
        """
        mine = self.out
        if out.shape != (stop - start, *mine.shape[1:]) or out.strides != mine.strides:
            message = (
                f"expected {stop - start} samples laid out as {mine.shape} {mine.strides}, "
                f"got {out.shape} {out.strides}"
            )
            raise ValueError(message)
        if out.dtype != mine.dtype or not out.flags.writeable:
            message = f"expected writable {mine.dtype}, got {out.dtype}"
            raise ValueError(message)
        chosen = slice(start, stop)
        tables = "geometry", "scale", "offset", "center", "low", "high"
        return self._replace(
            out=out,
            out_table=_moved(self.out_table, out),
            places=self.places[chosen],
            **{name: _rows(getattr(self, name), chosen) for name in tables},
            spans=None if self.spans is None else self.spans[chosen],
            streaming=streaming_pays(out.nbytes),
            ends=np.array([stop - start], np.int64) if ends is None else ends,
            apart=apart,
        )

    def samples(self, start: int, stop: int) -> Job:
        """Return what this reads for samples `start` to `stop`, with nowhere to write to."""
        chosen = slice(start, stop)
        return self._replace(
            places=self.places[chosen],
            geometry=_rows(self.geometry, chosen),
            spans=None if self.spans is None else self.spans[chosen],
        )

    def reading(self, change: Callable[[Job], Job]) -> Job:
        """Return this, reading what `change` makes of what it reads."""
        return change(self)

    def fill(self, start: int, stop: int) -> None:
        """Fill units `start` to `stop`, without the GIL; see the function `fill`."""
        fill(self, start, stop)


def plain_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype under which the kernel reads and writes `dtype`.

    Native byte order; float16 and bfloat16 as the records that name their encoding, bool as
    uint8. What the kernel cannot calculate with raises TypeError.
    """
    native: np.dtype[Any] = dtype.newbyteorder("=")
    if native == ml_dtypes.bfloat16:
        return BFLOAT
    if native == np.float16:
        return HALF
    if native == np.bool_:
        return np.dtype(np.uint8)
    if native.kind in "iuf" and native.itemsize <= 8:  # no long double
        return native
    message = f"expected integers, bool, float16, bfloat16, float32 or float64, got {dtype}"
    raise TypeError(message)


def copy_dtype(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the unsigned integers that move items of `dtype`, or None if they are too large."""
    return np.dtype(f"u{dtype.itemsize}") if dtype.itemsize in {1, 2, 4, 8} else None


def streaming_pays(batch_bytes: int) -> bool:
    """Whether to write a batch of this size past the caches.

    A batch that fits the second-level cache is best left there for its reader; a larger one is
    gone from it before it is read.
    """
    return batch_bytes >= STREAMING_BYTES


def address_table(array: NDArray[Any]) -> NDArray[np.int64]:
    """Return (address, four sizes, four strides in bytes)."""
    return np.array([address_of(array), *array.shape, *array.strides], np.int64)


def _moved(table: NDArray[np.int64], array: NDArray[Any]) -> NDArray[np.int64]:
    """Return a table for an array that is laid out alike elsewhere, and may be shorter."""
    found: NDArray[np.int64] = table.copy()
    found[0], found[1] = address_of(array), len(array)
    return found


def _blocks(shape: tuple[int, ...], itemsize: int) -> int:
    """Return in how many blocks of rows to divide a sample of a batch of this shape."""
    _, height, width, channels = shape
    sample_bytes = height * width * channels * itemsize
    return max(1, min(height, -(-sample_bytes // UNIT_BYTES)))


def prepare(
    source: NDArray[Any],
    indices: NDArray[np.int64],
    geometry: NDArray[np.int64],
    out: NDArray[Any],
    *,
    scale: Table = None,
    offset: Table = None,
    center: Table = None,
    low: Table = None,
    high: Table = None,
    places: NDArray[np.int64] | None = None,
    spans: NDArray[np.int64] | None = None,
    padding: NDArray[Any] | None = None,
    streaming: bool | None = None,
) -> Job:
    """Check a batch and bring it into the form the kernel takes.

    Nothing is written, and what passes here cannot fail in `fill`.

    Parameters
    ----------
    source : array, shape (N, H, W, C)
        Any strides and byte order.
    indices : array of int64, shape (n,)
        Which sample comes where in the batch.
    geometry : array of int64, shape (n, 4) or (1, 4)
        First row, row step, first column, column step of each sample, or of all.
    out : array, shape (n, h, w, C)
        Any strides: pass ``batch.transpose(0, 2, 3, 1)`` to fill an NCHW batch. Filled in every
        cell; not overlapping `source`.
    scale, offset : arrays of float32 or float64, shape (n, C) or (1, C), optional
        Both or none. Their dtype is the dtype of the arithmetic.
    center : array like `scale`, optional
        Only with `scale`.
    low, high : arrays like `scale`, optional
        Both or none, and only with `scale`. NaN as a limit is no limit.
    places : array of int64, shape (n,), optional
        Bytes from the first item of `source` to that of each sample, instead of `indices`, which
        are then not looked at. That samples lie inside of their memory is the caller's to see to.
    spans : array of int64, shape (n, 4), optional
        Of each sample's rows and columns in the source, the first one that is there and the one
        behind the last: (row, row, column, column). The others are `padding`, and are not read.
    padding : array of the dtype of `source`, shape (1,), optional
        An item to put where there is nothing to read; with `spans`.
    streaming : bool, optional
        Whether to store past the caches; by default where it pays.

    Raises
    ------
    IndexError
        If any sample reads outside of the source.

    Examples
    --------
    >>> source = np.arange(24, dtype=np.uint8).reshape(2, 3, 4, 1)
    >>> out = np.empty((1, 2, 2, 1), np.float32)
    >>> half = np.full((1, 1), 0.5, np.float32)
    >>> top_right_flipped = np.array([[0, 1, 3, FLIP]])
    >>> job = prepare(source, np.array([1]), top_right_flipped, out, scale=half, offset=half)
    >>> fill(job, 0, job.units)
    >>> out[0, :, :, 0].tolist()
    [[8.0, 7.5], [10.0, 9.5]]
    """
    n = len(indices if places is None else places)
    if out.ndim != 4 or source.ndim != 4:
        message = f"expected axes N, H, W, C, got shapes {source.shape} and {out.shape}"
        raise ValueError(message)
    if len(out) != n or out.shape[3] != source.shape[3] or geometry.shape not in {(n, 4), (1, 4)}:
        message = (
            f"shapes do not fit: source {source.shape}, {n} samples, "
            f"geometry {geometry.shape}, out {out.shape}"
        )
        raise ValueError(message)
    if not out.flags.writeable or not out.dtype.isnative:
        message = "out must be writable and of native byte order"
        raise ValueError(message)
    tables = check_tables((n, out.shape[3]), scale, offset, center, low, high)
    # Copies, so that nobody can change what has been checked.
    geometry = np.array(geometry, np.int64, order="C")
    if out.size:
        check_bounds(source.shape, geometry, out.shape[1], out.shape[2])
    places = places_of(source, indices) if places is None else np.array(places, np.int64)
    moved = copy_dtype(source.dtype) if scale is None and source.dtype == out.dtype else None
    return Job(
        source,
        out,
        address_table(source),
        address_table(out),
        places,
        geometry,
        *tables,
        None if spans is None else np.array(spans, np.int64),
        None if padding is None else padding.view(moved or plain_dtype(source.dtype)),
        moved or plain_dtype(source.dtype),
        moved or plain_dtype(out.dtype),
        blocks=_blocks(out.shape, out.itemsize) if out.size else 0,
        ends=np.array([n], np.int64),
        apart=0,
        swapped=not source.dtype.isnative,
        streaming=streaming_pays(out.nbytes) if streaming is None else streaming,
    )


def row_step(table: Table) -> int:
    """Return the rows of a table from a sample to the next: 0 where all have the same."""
    return 0 if table is None or len(table) == 1 else 1


def _rows(table: Any, chosen: slice) -> Any:
    """Return the rows of some samples: the one there is, or theirs."""
    return table if table is None or len(table) == 1 else table[chosen]


def room_for(like: Table, items: int) -> Table:
    """Return memory for a sample's factors laid out along a line of so many items."""
    return None if like is None else np.empty((FACTORS, items), like.dtype)


def fill(job: Job, start: int, stop: int) -> None:
    """Fill units `start` to `stop` of the batch of a job, without the GIL.

    Threads may fill different units of one job at the same time.
    """
    if not 0 <= start <= stop <= job.units:
        message = f"expected 0 <= start <= stop <= {job.units} units, got {start} and {stop}"
        raise ValueError(message)
    if start == stop:
        return
    items = job.out.shape[2] * job.out.shape[3]
    # Room for lines, private to this call and so to its thread.
    fill_chunk(
        job.source_table,
        job.out_table,
        job.places,
        job.geometry,
        row_step(job.geometry),
        job.scale,
        job.offset,
        job.center,
        job.low,
        job.high,
        row_step(job.scale),
        job.spans,
        job.padding,
        np.empty(2 * items, job.source_dtype),
        np.empty(items, job.out_dtype),
        room_for(job.scale, items),
        start,
        stop,
        job.ends,
        job.apart,
        job.blocks,
        job.swapped,
        job.streaming,
    )


def warm_up() -> None:
    """Compile, or load from disk, the kernel of the usual pass: uint8 to float32 with tables.

    From a background thread, while a data set is being set up: it takes 0.3 s where the machine
    code is on disk (nearly all of it Numba's own start), and seconds where it is not.
    """
    source = np.zeros((1, 1, 1, 1), np.uint8)
    table = np.zeros((1, 1), np.float32)
    first = np.zeros(1, np.int64)
    job = prepare(
        source,
        first,
        np.array([[0, 1, 0, 1]]),
        np.empty(source.shape, np.float32),
        scale=table,
        offset=table,
    )
    fill(job, 0, job.units)
    rng.permute(first, permutation.TABLE_LIMIT + 1, 0, 0)
    rng.words(0, 0, first, 0, 1)
