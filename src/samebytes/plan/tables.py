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

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from samebytes.plan.affine import Affine, Floats
from samebytes.plan.colour import Colour
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.geometry import Geometry
from samebytes.plan.stages import Stage

__all__ = ["Floats", "Means", "Tables", "open_tables"]


class Means(Protocol):
    """What is measured of the samples as they are where a chain has come to."""

    def __call__(self, tables: Tables, /) -> Floats:
        """Return the mean of each channel, shape (n, factors)."""


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
    """

    geometry: Geometry
    affine: Affine
    stages: list[Stage] = field(default_factory=list)

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


def open_tables(spec: ComponentSpec) -> Tables:
    """Return the tables that read samples whole and unchanged."""
    # Tables that no step changes cost nothing: a row for all samples, and no factors.
    factors = spec.factors if spec.linear else 0
    return Tables(Geometry.whole(*spec.source_size), Affine.identity(factors))
