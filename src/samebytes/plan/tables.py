"""The numbers of one batch of one component: what a chain of folded transforms comes to.

Each kind of work has a part of its own, which composes whatever a chain does of that kind: where
pixels are read (`Geometry`), what becomes of a value (`Affine`), of the channels of a pixel
together (`Colour`). A transform's
``tabulate`` writes into the parts that it is about, and a writer of the engine (which one, says
`engine/writer_choice.py`) hands the parts to the kernel that can do them all in one pass. What no
part composes any further (a matrix behind a clip) begins a new `Stage`. Another kind of work (maps
that resample) is one more part here, beside a kernel that takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from samebytes.plan.affine import Affine, Floats
from samebytes.plan.colour import Colour
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.geometry import Geometry
from samebytes.plan.stages import LEVELS, Done, Stage

__all__ = [
    "EXTREMES",
    "Floats",
    "Means",
    "Measure",
    "Tables",
    "level_values",
    "open_tables",
    "unmeasured",
]


@dataclass(frozen=True)
class Measure:
    """What else than means can be measured of each channel.

    Attributes
    ----------
    count : int
        2 for the lowest and the highest value; 256 for how many values are at each level.
    low, high : float
        Which range has the levels.
    """

    count: int
    low: float = 0.0
    high: float = 0.0

    @property
    def levels(self) -> float:
        """Levels a unit."""
        return (self.count - 1) / (self.high - self.low) if self.high > self.low else 0.0


EXTREMES = Measure(2)
LEVELS_COUNT = 256


class Means(Protocol):
    """What is measured of the samples as they are where a chain has come to."""

    def __call__(self, tables: Tables, /, *what: Measure) -> Floats:
        """Return the mean of each channel, (n, factors), or what is named, (n, factors, count)."""


@dataclass
class Tables:
    """What a chain does to the samples of a batch; its parts are changed in place.

    Attributes
    ----------
    geometry : Geometry
        Where pixels are read; of height and width 0 where samples are no images.
    affine : Affine
        What becomes of each value, behind the last stage.
    stages : list of Stage
        What came before, if `affine` alone could not do all.
    values : ndarray of float64, shape (1, 1, entries), optional
        All values that a source of few can have, from the lowest on.
    table : ndarray of float64, shape (n or 1, factors or 1, entries), optional
        What each of them becomes, before `affine` and all stages.
    samples : ndarray of int64, optional
        Which samples of a batch these are, if not all of them.
    whole : Geometry, optional
        Where all samples were read when these were chosen.
    looks_up : bool
        Whether samples may have tables of their own.
    """

    geometry: Geometry
    affine: Affine
    stages: list[Stage] = field(default_factory=list)
    values: Floats | None = None
    table: Floats | None = None
    samples: npt.NDArray[np.int64] | None = None
    whole: Geometry | None = None
    looks_up: bool = True

    @property
    def countable(self) -> bool:
        """Whether what each value of the source becomes is a table, and a function one more."""
        return self.looks_up and self.values is not None and not self.stages

    def countable_by(self, rows: int) -> bool:
        """Whether a function can be one more, of which there is one for each of so many samples."""
        many = self.values is not None and self.values.size > LEVELS_COUNT
        return self.countable and not (many and rows > 1)

    def look_up(self, function: Callable[[Floats], Floats]) -> None:
        """Put a function of one value behind what is there, which is `countable`.

        It is given values of shape (n or 1, factors or 1, entries), and returns as many or more of
        them.
        """
        table = self.values if self.table is None else self.table
        if table is None:
            message = f"values of {len(self.stages)} stages, or of many, cannot be looked up"
            raise ValueError(message)
        found = table if self.affine.idle.all() else self.affine.alike().to(table, axis=1)
        self.affine = Affine.identity(self.affine.scale.shape[1])
        self.table = np.asarray(function(found), np.float64)

    def look_up_levels(self, low: float, high: float, table: Floats) -> None:
        """Put a table behind what is there: what each of 256 levels from `low` to `high` becomes.

        Values are rounded to the nearest level. The table is of shape (n or 1, factors or 1, 256).
        """
        if self.countable_by(len(table)):
            self.look_up(lambda values: level_values(table, values, low, high))
            return
        levels = (LEVELS_COUNT - 1) / (high - low)
        self.do(Done.all(LEVELS, low, levels, table=table))

    def do(self, done: Done) -> None:
        """Put something that is done to lines behind what is there."""
        done.frame = self.geometry.copy()
        self.stages.append(Stage(self.affine, done))
        self.affine = Affine.identity(self.affine.scale.shape[1])

    def mix_channels(self, matrix: npt.ArrayLike) -> None:
        """Put ``matrix @ pixel`` behind what is there; of shape (n, 3, 3), (1, 3, 3) or (3, 3)."""
        factors = np.atleast_3d(np.asarray(matrix, np.float64)).reshape(-1, 3, 3)
        last = self.stages[-1].done if self.stages else None
        if isinstance(last, Colour) and not self.affine.limited:
            self.affine = last.multiply(factors, self.affine)
            return
        # Bounds stay where they are; what has none becomes a part of the matrix.
        nothing = Affine.identity(3)
        before, joined = (self.affine, nothing) if self.affine.limited else (nothing, self.affine)
        colour, after = Colour.joining(joined)
        self.affine = colour.multiply(factors, after)
        self.stages.append(Stage(before, colour))


def unmeasured(tables: Tables, /, *what: Measure) -> Floats:
    """Return ones in place of what would be measured."""
    return np.ones((*tables.affine.scale.shape, *(one.count for one in what)))


def open_tables(spec: ComponentSpec) -> Tables:
    """Return the tables that read samples whole and unchanged."""
    # Tables that no step changes cost nothing: a row for all samples, and no factors.
    factors = spec.factors if spec.linear else 0
    values = np.arange(*spec.span, dtype=np.float64).reshape(1, 1, -1) if spec.span else None
    return Tables(Geometry.whole(*spec.source_size), Affine.identity(factors), [], values)


def level_values(table: Floats, values: Floats, low: float, high: float) -> Floats:
    """Return what values become by a table of levels; both of shape (n or 1, factors or 1, any).

    Examples
    --------
    >>> inverse = np.arange(255.0, -1, -1).reshape(1, 1, 256)
    >>> level_values(inverse, np.array([[[-3.0, 0, 1.4, 1.6, 254, 300]]]), 0, 255).tolist()
    [[[255.0, 255.0, 254.0, 253.0, 1.0, 0.0]]]
    """
    levels = np.rint((values - low) * ((LEVELS_COUNT - 1) / (high - low)))
    levels = np.where(levels > 0, np.minimum(levels, LEVELS_COUNT - 1), 0).astype(np.int64)
    shape = np.broadcast_shapes(table.shape[:2], levels.shape[:2])
    table = np.broadcast_to(table, (*shape, table.shape[2]))
    return np.take_along_axis(table, np.broadcast_to(levels, (*shape, levels.shape[2])), axis=2)
