"""The numbers of one batch of one component: what a chain of folded transforms comes to.

Each kind of work has a part of its own, which composes whatever a chain does of that kind: where
pixels are read (`Geometry`), and what becomes of a value (`Affine`). A transform's ``tabulate``
writes into the parts that it is about, and a writer of the engine (`engine/writers.py`) hands the
parts to the kernel that can do them all in one pass. Another kind of work (maps that resample,
tables that look up) is one more part here, beside a kernel that takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from samebytes.plan.affine import Affine, Floats
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.geometry import Geometry

__all__ = ["Floats", "Means", "Tables", "open_tables"]

Means = Callable[["Tables"], Floats]


@dataclass(frozen=True)
class Tables:
    """What a chain does to the samples of a batch; its parts are changed in place.

    Attributes
    ----------
    geometry : Geometry
        Where pixels are read; of height and width 0 where samples are no images.
    affine : Affine
        What becomes of each value.
    """

    geometry: Geometry
    affine: Affine


def open_tables(spec: ComponentSpec) -> Tables:
    """Return the tables that read samples whole and unchanged."""
    # Tables that no step changes cost nothing: a row for all samples, and no factors.
    factors = spec.factors if spec.linear else 0
    return Tables(Geometry.whole(*spec.source_size), Affine.identity(factors))
