"""`LazyArray`: an array that is read when it is asked, from chunks or from a URL."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from samebytes.memory.addresses import address_of
from samebytes.memory.lazy.address_space import AddressSpace, reserve
from samebytes.memory.lazy.indexing import Box, box_of, runs_of
from samebytes.memory.lazy.sources import ByteSource, ChunkSource, Source, decoded
from samebytes.memory.pages import allocate_pages
from samebytes.memory.text import as_bytes_text, shortened

__all__ = ["LazyArray"]

Columns = int | slice


class LazyArray:
    """An array that no memory shows: indexing reads what is asked for, and always copies it.

    A `Dataset` over one reads exactly what its batches need, ahead of them. ``np.asarray(x)`` reads
    all of it.

    Attributes
    ----------
    name : str
        The file or URL.

    See Also
    --------
    open : Makes one of chunked HDF5 files, of zarr stores and of URLs.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import h5py
    >>> import samebytes as sb
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "images.h5")
    ...     with h5py.File(path, "w") as file:
    ...         file.create_dataset("x", data=np.arange(12).reshape(4, 3), chunks=(2, 3))
    ...     images = sb.open(path)
    ...     print(images[1], images[-1, ::2], images.shape)
    <HDF5 dataset "x": shape (4, 3), type "<i8">
    [3 4 5] [ 9 11] (4, 3)
    """

    def __init__(
        self,
        source: Source,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        order: Literal["C", "F"] = "C",
        columns: tuple[Columns, ...] = (),
    ) -> None:
        if isinstance(source, ChunkSource) and (source.shape, source.dtype) != (shape, dtype):
            message = (
                f"a LazyArray of {dtype} {shape} was made of a {type(source).__name__} of "
                f"{source.dtype} {source.shape}: expected the same dtype and shape."
            )
            raise ValueError(message)
        self.source = source
        self._shape, self._order = shape, order
        self._columns = columns
        self.dtype = dtype

    @property
    def name(self) -> str:
        """The file or URL."""
        return self.source.name

    @cached_property
    def placeholder(self) -> npt.NDArray[Any]:
        """An array of the same layout at addresses without memory: its values must not be read."""
        found = self._all_columns
        for chosen in self._columns:
            found = found[..., chosen]
        return found

    @cached_property
    def _all_columns(self) -> npt.NDArray[Any]:
        """The same with all columns, at addresses that all arrays of columns share."""
        count = int(np.prod(self._shape, dtype=object)) * self.dtype.itemsize
        space: AddressSpace = reserve(self.source, count)
        every_byte = np.frombuffer(space, np.uint8)
        found: npt.NDArray[Any] = np.ndarray(self._shape, self.dtype, every_byte, order=self._order)
        return found

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Lengths of its axes."""
        if not self._columns:
            return self._shape
        same: npt.NDArray[Any] = np.broadcast_to(np.empty((), self.dtype), self._shape)
        for chosen in self._columns:
            same = same[..., chosen]
        return same.shape

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from one item to the next of each axis, as if it lay in one piece."""
        return self.placeholder.strides

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of items."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an item."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all items, decoded."""
        return self.size * self.itemsize

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Shape of a chunk of what is stored, None where there are none."""
        return self.source.chunks if isinstance(self.source, ChunkSource) else None

    def __len__(self) -> int:
        """Return the number of rows."""
        if not self.ndim:
            message = f"{self.name} is a single value, without an axis"
            raise TypeError(message)
        return self.shape[0]

    def __repr__(self) -> str:
        """Return shape, dtype, and where it lies."""
        chunks = "" if self.chunks is None else f", chunks of {self.chunks}"
        return (
            f"<samebytes.LazyArray: {self.dtype} {self.shape}, {as_bytes_text(self.nbytes)}"
            f"{chunks}, in {shortened(self.name)}>"
        )

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        """Yield each row, read by itself."""
        return (self[row] for row in range(len(self)))

    def __getitem__(self, index: Any) -> npt.NDArray[Any]:
        """Return what an index chooses; reads that, and always copies.

        Integers, slices and an Ellipsis, or an array of integers (row numbers) alone.

        Raises
        ------
        IndexError, TypeError
            If the index does not fit, or is of another kind.
        FileError, OSError
            If it cannot be read.
        """
        if isinstance(index, list) or (isinstance(index, np.ndarray) and index.ndim > 0):
            return self._rows(np.asarray(index))
        box = box_of(index, self.shape, shortened(self.name))
        if not self._columns:
            chosen: npt.NDArray[Any] = self._read(box)[box.view]
            return chosen
        whole = Box(
            (*box.starts[: len(self._shape) - 1], 0),
            (*box.stops[: len(self._shape) - 1], self._shape[-1]),
            (),
        )
        found = self._read(whole)
        for columns in self._columns:
            found = found[..., columns]
        if found.ndim == len(self._shape):
            found = found[..., slice(box.starts[-1], box.stops[-1])]
        values: npt.NDArray[Any] = found[box.view]
        return values if values.flags.c_contiguous else values.copy()

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        """Return all of it; always reads, and so copies.

        Raises
        ------
        ValueError
            If `copy` is False.
        """
        if copy is False:
            message = (
                f"{self.name} is in no memory that could be shared: expected copy=True or None, "
                f"which reads all {as_bytes_text(self.nbytes)}"
            )
            raise ValueError(message)
        found = np.asarray(self[...])  # a single value comes without an array
        return found if dtype is None else found.astype(dtype, copy=False)

    def columns(self, chosen: Columns) -> LazyArray:
        """Return the same rows with some of their last axis; reads nothing."""
        columns = (*self._columns, chosen)
        found = LazyArray(self.source, self._shape, self.dtype, self._order, columns)
        found._all_columns = self._all_columns
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the addresses, which are those of this process."""
        left_out = {"placeholder", "_all_columns"}
        return {name: each for name, each in vars(self).items() if name not in left_out}

    def _rows(self, numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if numbers.dtype.kind not in "iu":
            message = (
                f"{self.name} takes arrays of integers as row numbers; got {numbers.dtype}. Use "
                "np.flatnonzero(mask) for a mask"
            )
            raise TypeError(message)
        found = _empty((*numbers.shape, *self.shape[1:]), self.dtype)
        if isinstance(self.source, ByteSource) and self._order == "C" and not self._columns:
            self._read_rows(self.source, numbers.ravel(), found)
            return found
        for place, number in np.ndenumerate(numbers):
            found[place] = self[int(number)]
        return found

    def _read_rows(
        self, source: ByteSource, numbers: npt.NDArray[Any], target: npt.NDArray[Any]
    ) -> None:
        """Read whole rows by one call, so that its requests are in flight together."""
        rows = len(self)
        outside = (numbers < -rows) | (numbers >= rows)
        if outside.any():
            message = (
                f"index {numbers[outside][0]:,} is out of bounds for {shortened(self.name)}, whose "
                f"axis has {rows:,} items"
            )
            raise IndexError(message)
        size = self.nbytes // rows if rows else 0
        if not size or not len(numbers):
            return
        places = np.where(numbers < 0, numbers + rows, numbers).astype(np.int64)
        order = np.argsort(places, kind="stable")
        sizes = np.full(len(places), size, np.int64)
        source.read(places[order] * size, address_of(target) + order * size, sizes)

    def _read(self, box: Box) -> npt.NDArray[Any]:
        """Return the values of a box of all columns."""
        if 0 in box.shape:
            return np.empty(box.shape, self.dtype)
        if isinstance(self.source, ChunkSource):
            return decoded(self.source, box.starts, box.stops)
        if not isinstance(self.source, ByteSource):
            message = f"{type(self.source).__name__} is neither a ByteSource nor a ChunkSource"
            raise TypeError(message)
        shape = self._shape
        if self._order == "F":  # the bytes of the transposed array, row-major
            box, shape = Box(box.starts[::-1], box.stops[::-1], ()), shape[::-1]
        found = _empty(box.shape, self.dtype)
        ranges = np.array(list(runs_of(box, shape, self.itemsize)), np.int64)
        sizes = ranges[:, 1].copy()
        targets = address_of(found) + np.cumsum(sizes) - sizes
        self.source.read(ranges[:, 0].copy(), targets, sizes)
        return found.T if self._order == "F" else found


def _empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return pages for an array, so that frameworks can share what is read into them."""
    count = int(np.prod(shape, dtype=object))
    pages = np.frombuffer(allocate_pages(count * dtype.itemsize), np.uint8)
    found: npt.NDArray[Any] = np.ndarray(shape, dtype, pages)
    return found
