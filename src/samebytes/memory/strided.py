"""``as_strided`` for every dtype: NumPy's own goes by a name that not all of ml_dtypes' have."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib import stride_tricks

__all__ = ["as_strided"]


def as_strided(
    array: npt.NDArray[Any],
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *,
    writeable: bool = True,
) -> npt.NDArray[Any]:
    """Return a view of an array in any shape and strides; never copies, and never checks.

    Examples
    --------
    >>> from samebytes.share.dtypes import as_dtype
    >>> x = np.zeros(4, as_dtype("float8_e5m2"))  # which calls itself <f1
    >>> as_strided(x, (3, 2), (1, 1)).dtype.name
    'float8_e5m2'
    """
    if array.dtype.isbuiltin == 2:  # of another package
        opaque = array.view(np.dtype((np.void, array.itemsize)))
        found = stride_tricks.as_strided(opaque, shape, strides, writeable=writeable)
        return found.view(array.dtype)
    return stride_tricks.as_strided(array, shape, strides, writeable=writeable)
