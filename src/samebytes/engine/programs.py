"""The stages of a chain as the kernel takes them: numbers in the dtype of the lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.factors import centers_of
from samebytes.engine.kernels.pixel_job import Program
from samebytes.plan.affine import Affine, Floats
from samebytes.plan.colour import Colour
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.stages import MATRIX, NOTHING, SCALE
from samebytes.plan.tables import Tables

__all__ = ["program_of"]

Kinds = npt.NDArray[np.int64]
Part = tuple[Kinds, Floats]


def program_of(tables: Tables, spec: ComponentSpec) -> Program:
    """Return the stages of a batch; one row where all samples share them.

    Parameters
    ----------
    tables : Tables
        In float64.
    spec : ComponentSpec
        Of the component, which tells the dtype of the lines.
    """
    parts: list[Part] = []
    linear = [*(stage.before for stage in tables.stages), tables.affine]
    joined = False  # whether the linear step was done by the stage before it
    for place, affine in enumerate(linear):
        if not joined and not affine.idle.all():
            parts.append(_scale(affine, spec, first=place == 0))
        if place == len(tables.stages):
            break
        done = tables.stages[place].done
        joined = isinstance(done, Colour)
        if isinstance(done, Colour):
            parts.append(_matrix(done, linear[place + 1], spec.arithmetic))
        else:
            parts.append((done.kinds, done.numbers))
    return _packed(parts, spec.arithmetic)


def _scale(affine: Affine, spec: ComponentSpec, *, first: bool) -> Part:
    """Return the numbers of a linear step: center, scale, offset, low, high."""
    center, offset = affine.center, affine.offset
    if first:  # what comes from the source may lie far from zero
        center, offset = centers_of(affine, spec)
    each = np.broadcast_arrays(center, affine.scale, offset, affine.low, affine.high)
    kinds = np.where(affine.idle, NOTHING, SCALE)
    return kinds, np.concatenate(each, axis=1)


def _matrix(colour: Colour, after: Affine, dtype: np.dtype[Any]) -> Part:
    """Return the numbers of a matrix and the linear step behind it, as one."""
    matrix = after.scale[:, :, np.newaxis] * colour.matrix
    offset = after.offset - after.center * after.scale
    # What the center is rounded by goes into the offset.
    center = colour.center.astype(dtype).astype(np.float64)
    moved = matrix @ (center - colour.center)[:, :, np.newaxis]
    each = [center, matrix.reshape(len(matrix), 9), offset + moved[:, :, 0], after.low, after.high]
    rows = max(map(len, each))
    wide = [np.broadcast_to(one, (rows, one.shape[1])) for one in each]
    return np.array([MATRIX]), np.concatenate(wide, axis=1)


def _packed(parts: list[Part], dtype: np.dtype[Any]) -> Program:
    rows = max((max(map(len, part)) for part in parts), default=1)
    size = max((numbers.shape[1] for _, numbers in parts), default=0)
    kinds = np.zeros((rows, len(parts)), np.int64)
    found = np.zeros((rows, len(parts), size), dtype)
    for place, (kind, numbers) in enumerate(parts):
        kinds[:, place] = kind
        found[:, place, : numbers.shape[1]] = numbers
    return Program(kinds, found)
