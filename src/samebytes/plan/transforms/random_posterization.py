"""Fewer levels of each value, by a number of bits for each sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables, level_values
from samebytes.plan.transforms.base import Transform, pointwise
from samebytes.plan.transforms.random_brightness import check_range

__all__ = ["RandomPosterization", "posterized", "posterizing_table"]

BITS = 8


@dataclass(frozen=True)
class RandomPosterization(Transform):
    """Each value's 8 bits cut to its uppermost ones, as many as a sample draws; folded.

    Values are those of ``keras.layers.RandomPosterization`` and of torchvision's ``posterize``:
    the value range counts as 256 levels. Deliberately different: the most bits are drawn too,
    which Keras never does; and a value between two levels is rounded to the nearer one before,
    where Keras cuts it off, so that 127.999 stays 128.

    Parameters
    ----------
    factor : int or (int, int)
        Bits that are kept at least and at most, from 1 to 8, both included; one number stands for
        (1, factor).
    value_range : (float, float)
        Of the values as they are when they come here.
    """

    factor: int | tuple[int, int]
    value_range: tuple[float, float] = (0, 255)

    draws: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse numbers of bits and ranges that are none."""
        given: Any = self.factor
        pair = np.asarray((1, given) if np.ndim(given) == 0 else given)
        whole = pair.shape == (2,) and pair.dtype.kind in "iu"
        if not whole or not 1 <= pair[0] <= pair[1] <= BITS:
            message = (
                f"RandomPosterization: factor {given}; expected numbers of bits with 1 <= least <= "
                f"most <= {BITS}"
            )
            raise ValueError(message)
        object.__setattr__(self, "factor", (int(pair[0]), int(pair[1])))
        limits = check_range(self.value_range, "RandomPosterization")
        object.__setattr__(self, "value_range", limits)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        return pointwise(spec, "RandomPosterization", self.value_range, drawn=True)

    def _table(self, unit: Any) -> Floats:
        """Return what each level becomes, a row for each draw."""
        least, most = self.factor  # type: ignore[misc]
        bits = least + np.asarray(unit * (most - least + 1)).astype(np.int64)
        return posterizing_table(bits, self.value_range)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Look levels up."""
        table = self._table(units[:, 0])[:, np.newaxis]
        tables.look_up_levels(*self.value_range, table)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one sample, calculated in float64."""
        return posterized(sample, self._table(units[0]), self.value_range)


def posterizing_table(bits: npt.NDArray[np.int64], value_range: tuple[float, float]) -> Floats:
    """Return what each of 256 levels becomes, a row for each number of bits that is kept."""
    low, high = value_range
    cut = BITS - bits[..., np.newaxis]
    levels = np.arange(1 << BITS)
    found: Floats = low + (levels >> cut << cut) * ((high - low) / levels[-1])
    return found


def posterized(sample: npt.NDArray[Any], table: Floats, value_range: tuple[float, float]) -> Floats:
    """Return what a table of levels makes of a sample."""
    values = np.asarray(sample, np.float64).reshape(1, 1, -1)
    return level_values(table[np.newaxis, np.newaxis], values, *value_range).reshape(sample.shape)
