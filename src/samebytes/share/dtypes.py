"""Dtypes under all their names: NumPy's, ml_dtypes' and TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["as_dtype"]


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """Return `dtype` as NumPy's own, whoever named it.

    Parameters
    ----------
    dtype : dtype-like or tf.DType
        What ``np.dtype`` takes, a name of ml_dtypes, or a TensorFlow dtype.

    Raises
    ------
    TypeError
        If nobody knows the name.

    Examples
    --------
    >>> as_dtype("bfloat16").itemsize, as_dtype(">f4").str
    (2, '>f4')
    """
    dtype = getattr(dtype, "as_numpy_dtype", dtype)
    if isinstance(dtype, str):
        try:
            return np.dtype(dtype)
        except TypeError:
            import ml_dtypes  # only for its own names: importing samebytes stays light

            found = getattr(ml_dtypes, dtype, None)
            if isinstance(found, type) and issubclass(found, np.generic):
                dtype = found
    known: np.dtype[Any] = np.dtype(dtype)
    return known
