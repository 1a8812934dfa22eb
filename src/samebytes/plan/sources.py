"""What a dataset reads: arrays on the bytes that came, or a refusal in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.errors import NotABuffer
from samebytes.memory.files.hdf5 import array_of_dataset, is_dataset
from samebytes.memory.files.zarr import is_zarr_array, lazy_array_of
from samebytes.memory.lazy import LazyArray
from samebytes.plan.arguments import check_axes
from samebytes.plan.concat import ConcatArray
from samebytes.plan.documents import DocumentFeature
from samebytes.share.array import as_array
from samebytes.share.arrayable import array_of, is_arrayable
from samebytes.share.buffer import view

__all__ = ["SourceArray", "arrays_in", "as_source", "as_sources", "of_list"]

Array = npt.NDArray[Any]
SourceArray = Array | LazyArray | ConcatArray | DocumentFeature
"""What a component is read from."""


GivenArray = Array | LazyArray | ConcatArray
"""What a user gives as a component."""


def as_sources(names: Sequence[str], leaves: Sequence[Any]) -> tuple[GivenArray, ...]:
    """Return the arrays of all components, which have a first axis of one length; never copies.

    Raises
    ------
    ValueError
        If there is none, one has no axis, or two differ in length.
    TypeError
        If one holds objects, or is masked.
    """
    if not leaves:
        message = "from_tensor_slices needs at least one array; got an empty structure"
        raise ValueError(message)
    arrays = tuple(as_source(name, leaf) for name, leaf in zip(names, leaves, strict=True))
    first = len(arrays[0])
    for name, array in zip(names, arrays, strict=True):
        if len(array) != first:
            message = (
                f"components differ in length: {names[0]} has {first:,} samples, {name} has "
                f"{len(array):,}; cut them to the same length"
            )
            raise ValueError(message)
    return arrays


def arrays_in(source: SourceArray) -> tuple[Array, ...]:
    """Return the arrays that a source lies in: none where it is computed.

    Lazy arrays are stood for by arrays at addresses without memory, whose values must not be read.
    """
    if isinstance(source, DocumentFeature):
        return ()
    arrays = source.arrays if isinstance(source, ConcatArray) else (source,)
    return tuple(one.placeholder if isinstance(one, LazyArray) else one for one in arrays)


def as_source(name: str, leaf: Any) -> GivenArray:
    """Return the array of one component, on the bytes that came; copies lists, and says so.

    Raises
    ------
    TypeError
        If it holds objects, or is masked.
    ValueError
        If it is a single value, or a list of unequal arrays.
    FileError
        If it is an ``h5py.Dataset`` or a ``zarr.Array`` that cannot be read from its file.
    CopyNeeded
        In a `no_copy` block, if its ``__array__`` makes a copy.
    """
    if isinstance(leaf, ConcatArray | LazyArray):
        _check_samples(leaf.ndim, name)
        check_axes(leaf.ndim, name, f"the shape {leaf.shape}")
        return leaf
    if isinstance(leaf, np.ma.MaskedArray):
        message = (
            f"component {name} is a masked array; fill it (x.filled(0)), or pass x.data and x.mask "
            "as two components"
        )
        raise TypeError(message)
    if is_dataset(leaf):
        return as_source(name, array_of_dataset(leaf))
    if is_zarr_array(leaf):
        return as_source(name, lazy_array_of(leaf))
    array = of_list(name, leaf) if isinstance(leaf, list) else leaf
    if is_arrayable(array) and not _exports(array):
        return _with_samples(name, array_of(array, f"component {name}"))
    if getattr(getattr(array, "dtype", None), "hasobject", False):
        message = (
            f"component {name} holds Python objects ({array.dtype}); expected numbers, "
            "fixed-length strings (as np.array(x.tolist()) makes them) or records"
        )
        raise TypeError(message)
    return _with_samples(name, as_array(array))


def _with_samples(name: str, array: Array) -> Array:
    found = array.view(np.ndarray)
    _check_samples(found.ndim, name)
    check_axes(found.ndim, name, f"the shape {found.shape}")
    return found


def _check_samples(ndim: int, name: str) -> None:
    if ndim == 0:
        message = f"component {name} is a single value; expected an axis of samples"
        raise ValueError(message)


def _exports(leaf: Any) -> bool:
    """Return whether `leaf` has a memory of its own to share, besides what it makes an array of."""
    try:
        view(leaf)
    except NotABuffer:
        return False
    return True


def of_list(name: str, items: list[Any]) -> Array:
    """Return a list as an array, which copies it.

    Raises
    ------
    ValueError
        If its items differ in shape.
    """
    try:
        return np.asarray(items)
    except ValueError as refused:
        unequal = _unequal(items)
        if unequal is None:
            raise
        (first, shape), (other, another) = unequal
        message = (
            f"component {name} is a list of unequal items: {_place(first)} has the shape {shape}, "
            f"{_place(other)} has {another}; give them one shape (pad them with np.pad, or cut "
            "them), or, if their rows are the samples, lay them end to end: sb.concat(x)"
        )
        raise ValueError(message) from refused


def _place(path: tuple[int, ...]) -> str:
    return "item " + "".join(f"[{index}]" for index in path)


_Shaped = tuple[tuple[int, ...], tuple[int, ...]]


def _unequal(items: Any) -> tuple[_Shaped, _Shaped] | None:
    """Return the place and shape of the first item, and of the first whose shape is another one."""
    first: _Shaped | None = None
    for index, item in enumerate(items):
        try:
            shaped = (index,), np.shape(item)
        except ValueError:  # unequal inside
            inner = _unequal(item)
            if inner is None:
                raise
            (one, shape), (other, another) = inner
            return ((index, *one), shape), ((index, *other), another)
        if first is None:
            first = shaped
        elif first[1] != shaped[1]:
            return first, shaped
    return None
