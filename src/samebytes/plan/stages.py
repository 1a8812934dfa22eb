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

__all__ = ["MATRIX", "NOTHING", "SCALE", "Done", "Stage"]

NOTHING = 0
SCALE = 1
"""An `Affine`; numbers: center, scale, offset, low, high, for each channel."""
MATRIX = 2
"""A `Colour` and the `Affine` behind it; numbers: center, matrix, offset, low, high."""


@dataclass
class Done:
    """One thing that is done to lines, other than what is linear.

    Attributes
    ----------
    kinds : ndarray of int64, shape (n,) or (1,)
        Which thing.
    numbers : ndarray of float64, shape (n, count) or (1, count)
        What it is done with; the kernel (`engine/kernels/pixels.py`) says what they mean.
    """

    kinds: npt.NDArray[np.int64]
    numbers: Floats = field(default_factory=lambda: np.zeros((1, 0)))


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
