"""What a chain does that no single formula holds: stages, each behind what the one before made.

A stage is a linear step with bounds (`Affine`), and then one thing that is done to whole lines of
pixels. Which one, a number says for each sample, so that samples of one batch can differ in what is
done to them, and one kernel does it all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from samebytes.plan.affine import Affine, Floats
from samebytes.plan.colour import Colour
from samebytes.plan.geometry import Geometry

__all__ = [
    "BLUR",
    "ERASE",
    "ERASE_BY_NOISE",
    "LEVELS",
    "LOOKUP",
    "MATRIX",
    "MOST_LEVELS",
    "NOISE",
    "NOTHING",
    "POWER",
    "SCALE",
    "SOLARIZE",
    "Done",
    "Stage",
]

NOTHING = 0
SCALE = 1
"""An `Affine`; numbers: center, scale, offset, low, high, for each channel."""
MATRIX = 2
"""A `Colour` and the `Affine` behind it; numbers: center, matrix, offset, low, high."""
LOOKUP = 3
"""A table of what each value of the source becomes, in front of all stages; number: the lowest."""
LEVELS = 4
"""A table of what each of 256 levels becomes; numbers: the lowest, and levels a unit."""
SOLARIZE = 5
"""Values from a threshold on are turned round; numbers: low, high, what is added, threshold."""
POWER = 6
"""A power of the share of a range; numbers: low, high, exponent."""
ERASE = 7
"""A rectangle is filled; numbers: top, bottom, left, right, a value for each channel."""
ERASE_BY_NOISE = 8
"""A rectangle is filled with noise; numbers: top, bottom, left, right, low, high."""
NOISE = 9
"""Noise is added; number: its standard deviation."""
BLUR = 10
"""Neighbours are weighed in; numbers: how far, share of the pixel, of what is blurred, whether the
border stays, weights from the middle on."""

MOST_LEVELS = 16
"""How often neighbours can be weighed in, at most."""


@dataclass
class Done:
    """One thing that is done to lines, other than what is linear.

    Attributes
    ----------
    kinds : ndarray of int64, shape (n,) or (1,)
        Which thing.
    numbers : ndarray of float64, shape (n, count) or (1, count)
        What it is done with; see the kinds.
    table : ndarray of float64, shape (n or 1, channels or 1, entries), optional
        What values become.
    keys : ndarray of int64, shape (n,), optional
        Of noise, for each sample.
    frame : Geometry, optional
        Where pixels were read when this was done: what depends on a place means a place in that.
    """

    kinds: npt.NDArray[np.int64]
    numbers: Floats = field(default_factory=lambda: np.zeros((1, 0)))
    table: Floats | None = None
    keys: npt.NDArray[np.int64] | None = None
    frame: Geometry | None = None

    @classmethod
    def all(
        cls,
        kind: int,
        *numbers: npt.ArrayLike,
        table: Floats | None = None,
        keys: npt.NDArray[np.int64] | None = None,
    ) -> Done:
        """Return one thing for all samples, with a number, or numbers of shape (n,), of each."""
        each = np.broadcast_arrays(*(np.atleast_1d(np.asarray(one, float)) for one in numbers))
        found = np.stack(each, axis=1) if numbers else np.zeros((1, 0))
        return cls(np.array([kind]), found, table, keys)


@dataclass
class Stage:
    """A linear step with bounds, and what is done behind it.

    Attributes
    ----------
    before : Affine
        The linear step.
    done : Colour or Done
        The thing.
    """

    before: Affine
    done: Colour | Done
