"""Any function of one value, as a table of what it makes of all values there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import NUMBERS, ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, need_numbers, pointwise

__all__ = ["Lookup"]


@dataclass(frozen=True)
class Lookup(Transform):
    """What a NumPy function makes of each value; folded for images of 8- and 16-bit integers.

    The function is called with all values that there can be, as float64, not with data; so what
    it costs does not depend on the number of pixels, and a chain of functions is one table. It has
    to depend on the value alone, and to return as many values as it is given. For what is no image
    of such integers, and behind what mixes channels or pixels, it runs after the pass.

    Parameters
    ----------
    function : callable
        Takes an array of any shape, and returns one of the same shape.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> ds = sb.Dataset.from_tensor_slices(np.uint8([[[[0], [4], [81]]]])).map(sb.Lookup(np.sqrt))
    >>> next(iter(ds.batch(1))).ravel().tolist()
    [0.0, 2.0, 9.0]
    """

    function: Callable[[Any], Any]

    def __post_init__(self) -> None:
        """Refuse what cannot be called."""
        given: Any = self.function
        if not callable(given):
            message = f"Lookup takes a function of an array; got {type(given).__name__}"
            raise TypeError(message)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        need_numbers(spec, "Lookup")
        why = "Lookup folds for images of 8- and 16-bit integers, one value at a time"
        spec.need(spec.countable, why)
        return pointwise(spec, "Lookup", (), drawn=False)

    def _called(self, values: Floats) -> Floats:
        found = np.asarray(self.function(values.copy()))
        if found.shape != values.shape or found.dtype.name not in NUMBERS:
            message = (
                f"Lookup: the function returned {found.dtype} of shape {found.shape} for values of "
                f"shape {values.shape}; expected a number for each value"
            )
            raise ValueError(message)
        return found.astype(np.float64)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Look values up."""
        tables.look_up(self._called)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one sample, calculated in float64."""
        return self._called(np.asarray(sample, np.float64))
