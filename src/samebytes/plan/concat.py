"""`concat`: several arrays and files as one source, end to end, without joining their bytes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.lazy import LazyArray
from samebytes.share.array import as_array
from samebytes.share.concat_array import ConcatArray, end_to_end
from samebytes.share.creation import open as open_file

__all__ = ["ConcatArray", "concat", "join"]

Array = npt.NDArray[Any]


def concat(parts: Sequence[object]) -> ConcatArray:
    """Return several arrays and files as one source for a `Dataset`; never copies.

    Parameters
    ----------
    parts : sequence of arrays, or of paths of files with one array each
        They must have one dtype and one row shape, and may have any lengths. Open raw files first:
        ``sb.open(path, "uint16")``.

    Raises
    ------
    ValueError
        If there are none, or if dtypes, row shapes or strides differ.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> series = sb.concat([np.zeros((100, 2), "float32"), np.ones((70, 2), "float32")])
    >>> series.shape
    (170, 2)
    >>> len(sb.Dataset.from_tensor_slices(series).window(60))  # none crosses from one to the other
    52
    """
    pieces = [piece for number, part in enumerate(parts) for piece in _pieces(number, part)]
    if not pieces:
        message = "concat needs at least one array; got none"
        raise ValueError(message)
    return end_to_end([array for _, array in pieces], [name for name, _ in pieces])


def _pieces(number: int, part: object) -> list[tuple[str, Array | LazyArray]]:
    """Return the arrays that a part consists of, each with its name in errors."""
    found = open_file(part) if isinstance(part, str | os.PathLike) else part
    if isinstance(found, dict):
        message = f"part {number}, {part}, holds several arrays; open it and pass one of them"
        raise ValueError(message)  # noqa: TRY004 (the type is right, what it holds is not)
    arrays = found.arrays if isinstance(found, ConcatArray) else (found,)
    return [
        (f"part {number}", each if isinstance(each, LazyArray) else as_array(each).view(np.ndarray))
        for each in arrays
    ]


def join(parts: Sequence[object]) -> ConcatArray:
    """Return the same as `concat`: this is its former name, kept for a while with a warning."""
    message = "samebytes.join is now called samebytes.concat"
    warnings.warn(message, DeprecationWarning, stacklevel=2)
    return concat(parts)
