"""Arrow arrays as ndarrays on the same bytes; imported only once pyarrow is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from samebytes.errors import NotABuffer

__all__ = ["view"]


def view(obj: Any) -> npt.NDArray[Any] | None:
    """Give an ndarray on the bytes of an Arrow object, None for anything else; never copies.

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
    try:
        return np.asarray(obj.to_numpy(zero_copy_only=True))
    except pa.ArrowInvalid as refusal:
        message = (
            f"this pyarrow.Array of {obj.type} has no strided layout: {refusal}. "
            "Expected fixed-width values; copy it: x.to_numpy(zero_copy_only=False)"
        )
        raise NotABuffer(message) from refusal
