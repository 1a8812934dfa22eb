"""Mean 0 and variance 1, by numbers that are known or read from the data once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.files.hold import readable
from samebytes.memory.lazy import LazyArray
from samebytes.plan.component_spec import NUMBERS, ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import (
    On,
    Transform,
    as_numbers,
    calculated,
    need_factors,
    need_numbers,
)

__all__ = ["Normalization"]

# Keras' backend.epsilon(): the least deviation it divides by.
EPSILON = 1e-7
ADAPT_VALUES = 1 << 20
"""Values that `adapt` holds as float64 at a time: 8 MiB."""


@dataclass(frozen=True)
class Normalization(Transform):
    """``(x - mean) / sqrt(variance)`` along the last axis, as float32; folded into the pass.

    Values are those of ``keras.layers.Normalization(axis=-1)``. `adapt` reads mean and variance
    from the data instead, in pieces, without ever making a float copy of it.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> pixels = np.uint8([[0, 10], [4, 30]])
    >>> normalization = sb.Normalization.adapt(pixels)
    >>> normalization.mean, normalization.variance
    ((2.0, 20.0), (4.0, 100.0))
    >>> next(iter(sb.Dataset.from_tensor_slices(pixels).map(normalization).batch(2)))
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    """

    mean: float | tuple[float, ...]
    variance: float | tuple[float, ...]

    def __post_init__(self) -> None:
        """Keep arrays and lists as tuples, which compare and print."""
        for name in ("mean", "variance"):
            value = as_numbers(getattr(self, name), f"Normalization: {name}")
            object.__setattr__(self, name, value)
        if np.min(self.variance) < 0:
            message = "Normalization: a variance is negative; expected 0 or more"
            raise ValueError(message)

    @classmethod
    def adapt(cls, source: Any, *, on: On = None) -> Normalization:
        """Return the normalization whose mean and variance are those of `source`, read once.

        Parameters
        ----------
        source : array
            Of any shape; the last axis keeps its own means. It is read in pieces, of which
            8 MB are in memory as float64 at a time.
        on : name, place, or tuple of them, optional
            As for every transform.
        """
        array = source if isinstance(source, LazyArray) else np.asarray(source)
        if array.size == 0:
            message = f"Normalization.adapt: the shape {array.shape} has no values to adapt to"
            raise ValueError(message)
        if array.dtype.name not in NUMBERS:
            message = f"Normalization.adapt: expected real numbers, got {array.dtype}"
            raise ValueError(message)
        with readable(array) as values:
            mean, variance = _moments(values)
        return cls(mean, variance, on=on)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        need_numbers(spec, "Normalization")
        need_factors(spec, "Normalization", mean=self.mean, variance=self.variance)
        return replace(spec, **calculated(spec, self.mean, self._factor()))

    def _factor(self) -> Any:
        return 1 / np.maximum(np.sqrt(self.variance), EPSILON)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Subtract the mean, and multiply by one over the deviation."""
        tables.affine.subtract_multiply(self.mean, self._factor())

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one sample, calculated in float64."""
        result: Floats = (sample - np.asarray(self.mean)) * self._factor()
        return result


def _moments(array: npt.NDArray[Any] | LazyArray) -> tuple[Any, Any]:
    """Return mean and variance along all axes but the last, or along the only one."""
    step = max(1, ADAPT_VALUES // max(1, math.prod(array.shape[1:])))
    if isinstance(array, LazyArray) and array.chunks is not None:
        step = -(-step // array.chunks[0]) * array.chunks[0]  # or chunks would be decoded twice
    axes = tuple(range(array.ndim - 1)) if array.ndim > 1 else (0,)
    count, mean, square = 0, np.float64(0), np.float64(0)
    for start in range(0, len(array), step):
        piece = array[start : start + step]
        size = piece.size // (piece.shape[-1] if array.ndim > 1 else 1)
        # Welford's update for pieces (Chan, Golub, LeVeque 1979): sums of squares of large
        # means would cancel.
        piece_mean = piece.mean(axis=axes, dtype=np.float64)
        piece_square = piece.var(axis=axes, dtype=np.float64) * size
        shift = piece_mean - mean
        square = square + piece_square + shift**2 * count * size / (count + size)
        mean = mean + shift * size / (count + size)
        count += size
    return mean, square / count
