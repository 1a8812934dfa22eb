"""`ConcatArray`: arrays end to end that are read as if they were one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.files.pickling import pack, unpack
from samebytes.memory.lazy import LazyArray

__all__ = ["ConcatArray", "columns_of", "end_to_end"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False, repr=False)
class ConcatArray:
    """Arrays of one dtype whose rows are numbered as if they were one array.

    Attributes
    ----------
    arrays : tuple of ndarray or LazyArray
        The arrays, each where it lies, mapped files included; only their first axes differ in
        length.

    See Also
    --------
    concat : Makes one.
    """

    arrays: tuple[Array | LazyArray, ...]

    @cached_property
    def borders(self) -> npt.NDArray[np.int64]:
        """Number of the first row of each array, and the number of all rows."""
        return np.cumsum([0, *(len(array) for array in self.arrays)], dtype=np.int64)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of all of them."""
        return self.arrays[0].dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array that they would be."""
        return (int(self.borders[-1]), *self.arrays[0].shape[1:])

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.arrays[0].ndim

    @property
    def size(self) -> int:
        """Number of items."""
        return sum(array.size for array in self.arrays)

    @property
    def itemsize(self) -> int:
        """Bytes of an item."""
        return self.dtype.itemsize

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.borders[-1])

    def __repr__(self) -> str:
        """Return shape, dtype and the number of arrays."""
        return f"<samebytes.ConcatArray: {self.dtype} {self.shape} in {len(self.arrays):,} arrays>"

    def __getitem__(self, rows: npt.ArrayLike) -> Array:
        """Return a row, or the rows of an array of numbers; copies them."""
        numbers = np.asarray(rows, np.int64)
        which = np.searchsorted(self.borders, numbers, "right") - 1
        found = np.empty((*numbers.shape, *self.shape[1:]), self.dtype)
        for place, number in np.ndenumerate(numbers):
            one = which[place]
            found[place] = self.arrays[one][number - self.borders[one]]
        return found

    def columns(self, chosen: int | slice) -> ConcatArray:
        """Return the same rows with some of their last axis; never copies."""
        return ConcatArray(tuple(columns_of(array, chosen) for array in self.arrays))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the bytes of mapped files."""
        strides = tuple(array.strides for array in self.arrays)
        return {"arrays": tuple(pack(array) for array in self.arrays), "strides": strides}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Map the files again."""
        arrays = [unpack(array) for array in state["arrays"]]
        strides = state.get("strides", [array.strides for array in arrays])
        laid = (_laid(*each) for each in zip(arrays, strides, strict=True))
        object.__setattr__(self, "arrays", tuple(laid))


def _laid(array: Array | LazyArray, strides: tuple[int, ...]) -> Array | LazyArray:
    """Return an array with the strides that it had: a pickle packs views, but all parts are alike.

    Copies those whose strides have changed.
    """
    if isinstance(array, LazyArray) or array.strides == strides or not array.size:
        return array
    reach = [(count - 1) * step for count, step in zip(array.shape, strides, strict=True)]
    low, high = sum(min(each, 0) for each in reach), sum(max(each, 0) for each in reach)
    room = np.empty(high - low + array.itemsize, np.uint8)
    found: Array = np.ndarray(array.shape, array.dtype, room, -low, strides)
    found[...] = array
    return found


def columns_of(array: Array | LazyArray, chosen: int | slice) -> Array | LazyArray:
    """Return some of the last axis of an array; never copies, and reads nothing."""
    return array.columns(chosen) if isinstance(array, LazyArray) else array[..., chosen]


def end_to_end(arrays: Sequence[Array | LazyArray], names: Sequence[str]) -> ConcatArray:
    """Return arrays as one source; never copies.

    Parameters
    ----------
    arrays : sequence of ndarray
        At least one array.
    names : sequence of str
        The name of each array in errors.

    Raises
    ------
    ValueError
        If dtypes, row shapes or strides differ, or an array is a single value.
    """
    first = arrays[0]
    for name, array in zip(names, arrays, strict=True):
        if array.ndim == 0:
            message = f"{name} is a single value; expected an axis of rows"
            raise ValueError(message)
        if (array.dtype, array.shape[1:]) != (first.dtype, first.shape[1:]):
            message = (
                f"parts differ: {names[0]} has rows of {first.dtype} {first.shape[1:]}, {name} "
                f"rows of {array.dtype} {array.shape[1:]}; give all parts the same dtype and row "
                "shape"
            )
            raise ValueError(message)
    strides = {_strides(array) for array in arrays if array.size}
    rows = {row for row, _ in strides if row is not None}
    if len({rest for _, rest in strides}) > 1 or len(rows) > 1:
        message = (
            "parts differ in how their rows lie in memory (strides "
            f"{', '.join(str(array.strides) for array in arrays[:4])}); "
            "pack those that are views: sb.aligned(x)"
        )
        raise ValueError(message)
    return ConcatArray(tuple(arrays))


def _strides(array: Array | LazyArray) -> tuple[int | None, tuple[int, ...]]:
    """Return what must agree: bytes between rows (None where there is only one), and within."""
    within = tuple(
        step if size > 1 else 0
        for size, step in zip(array.shape[1:], array.strides[1:], strict=True)
    )
    return (array.strides[0] if len(array) > 1 else None), within
