"""Which epochs, or groups, some samples are of: nearly always a single one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["distinct"]


def distinct(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give every number that occurs, once and sorted; quick where all are the same.

    Examples
    --------
    >>> distinct(np.array([3, 3, 3])), distinct(np.array([2, 1, 2]))
    (array([3]), array([1, 2]))
    """
    if len(numbers) and (numbers == numbers[0]).all():
        return numbers[:1]
    return np.unique(numbers)
