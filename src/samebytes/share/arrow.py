"""Arrow arrays as ndarrays on the same bytes; imported only once pyarrow is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from samebytes.errors import NotABuffer

__all__ = ["view"]


def view(obj: Any) -> npt.NDArray[Any] | None:
    """Return an ndarray on the bytes of an Arrow object, None for anything else; never copies.

    Takes arrays of fixed-width values without nulls, fixed-size lists of them (N-D), tensors,
    and chunked arrays of one chunk.

    Raises
    ------
    NotABuffer
        For nulls, bit-packed booleans, strings, and several chunks: no single strided array
        describes these bytes.
    """
    if isinstance(obj, pa.ChunkedArray):
        if obj.num_chunks != 1:
            message = (
                f"a pyarrow.ChunkedArray of {obj.num_chunks} chunks lies in as many buffers, "
                "expected one chunk; share each (x.chunks), or copy once: x.combine_chunks()"
            )
            raise NotABuffer(message)
        return view(obj.chunk(0))
    if isinstance(obj, pa.Tensor):
        return np.asarray(obj.to_numpy())
    if isinstance(obj, pa.FixedShapeTensorArray):
        return _tensors(obj)
    if isinstance(obj, pa.ExtensionArray):
        return view(obj.storage)
    if not isinstance(obj, pa.Array):
        return None
    if obj.null_count:
        message = (
            f"this pyarrow.Array of {obj.type} has {obj.null_count:,} nulls, and a tensor has "
            "none; fill them first: x.fill_null(value)"
        )
        raise NotABuffer(message)
    if pa.types.is_fixed_size_list(obj.type):
        values = view(obj.flatten())
        if values is None:  # pragma: no cover (flatten gives an Array)
            return None
        return values.reshape(len(obj), obj.type.list_size, *values.shape[1:])
    return _flat(obj)


def _flat(obj: Any) -> npt.NDArray[Any]:
    """Return the values of an array that is not nested."""
    if pa.types.is_dictionary(obj.type):  # to_numpy decodes it, which is a copy
        message = (
            f"this pyarrow.Array of {obj.type} holds indices into a dictionary; share them "
            "(x.indices), or copy its values: x.dictionary_decode()"
        )
        raise NotABuffer(message)
    try:
        return np.asarray(obj.to_numpy(zero_copy_only=True))
    except pa.ArrowException as refusal:
        message = (
            f"this pyarrow.Array of {obj.type} has no strided layout: {refusal}. "
            "Expected fixed-width values; copy it: x.to_numpy(zero_copy_only=False)"
        )
        raise NotABuffer(message) from refusal


def _tensors(obj: Any) -> npt.NDArray[Any] | None:
    """Return an array of equally shaped tensors with their axes in logical order."""
    rows = view(obj.storage)
    if rows is None:  # pragma: no cover (the storage is an Array)
        return None
    lengths = tuple(obj.type.shape)
    order = obj.type.permutation or range(len(lengths))
    stored = rows.reshape(len(obj), *lengths)
    logical: npt.NDArray[Any] = stored.transpose(0, *(1 + axis for axis in order))
    return logical
