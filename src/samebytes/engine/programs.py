"""The stages of a chain as the kernel takes them: numbers in the dtype of the lines."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from samebytes.engine.factors import centers_of
from samebytes.engine.kernels.pixel_job import Program
from samebytes.plan.affine import Affine, Floats
from samebytes.plan.colour import Colour
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.noise import quantiles
from samebytes.plan.stages import BLUR, LOOKUP, MATRIX, NOTHING, SCALE
from samebytes.plan.tables import Tables

__all__ = ["program_of"]

Kinds = npt.NDArray[np.int64]


class Part(NamedTuple):
    """One stage of all samples."""

    kinds: Kinds
    numbers: Floats
    table: Floats | None = None
    keys: Kinds | None = None
    frame: Kinds | None = None


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
    joined = tables.table is not None  # whether the linear step was done before it
    if tables.table is not None and tables.values is not None:
        table = _following(tables.table, linear[0])
        parts.append(Part(np.array([LOOKUP]), tables.values[0, :, :1], table))
    for place, affine in enumerate(linear):
        if not joined and not affine.idle.all():
            parts.append(_scale(affine, spec, first=place == 0))
        if place == len(tables.stages):
            break
        done, after = tables.stages[place].done, linear[place + 1]
        # A table takes the linear step behind it along, if all samples are looked up in it.
        tabled = not isinstance(done, Colour) and done.table is not None
        joined = isinstance(done, Colour) or (tabled and bool((done.kinds != NOTHING).all()))
        if isinstance(done, Colour):
            parts.append(_matrix(done, after, spec.arithmetic))
        elif done.table is not None:
            table = _following(done.table, after) if joined else done.table
            parts.append(Part(done.kinds, done.numbers, table))
        elif done.frame is not None:
            frame = tables.geometry.within(done.frame)
            normal = None if done.keys is None else quantiles().reshape(1, 1, -1)
            parts.append(Part(done.kinds, done.numbers, normal, done.keys, frame))
    return _packed(parts, spec.arithmetic)


def _scale(affine: Affine, spec: ComponentSpec, *, first: bool) -> Part:
    """Return the numbers of a linear step: center, scale, offset, low, high."""
    center, offset = affine.center, affine.offset
    if first:  # what comes from the source may lie far from zero
        center, offset = centers_of(affine, spec)
    each = np.broadcast_arrays(center, affine.scale, offset, affine.low, affine.high)
    return Part(np.where(affine.idle, NOTHING, SCALE), np.concatenate(each, axis=1))


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
    numbers = np.concatenate(wide, axis=1)
    idle = numbers == [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, *[-np.inf] * 3, *[np.inf] * 3]
    return Part(np.where(idle.all(axis=1), NOTHING, MATRIX), numbers)


def _following(table: Floats, after: Affine) -> Floats:
    """Return a table and the linear step behind it, as one."""
    return table if after.idle.all() else after.alike().to(table, axis=1)


def _packed(parts: list[Part], dtype: np.dtype[Any]) -> Program:
    rows = max((_rows(part) for part in parts), default=1)
    size = max((part.numbers.shape[1] for part in parts), default=0)
    kinds = np.zeros((rows, len(parts)), np.int64)
    places = np.zeros((rows, len(parts), 2), np.int64)
    frames = np.zeros((rows, len(parts), 4), np.int64)
    numbers = np.zeros((rows, len(parts), size), dtype)
    found: list[npt.NDArray[Any]] = [np.zeros(0, dtype)]
    for column, part in enumerate(parts):
        kinds[:, column] = part.kinds
        numbers[:, column, : part.numbers.shape[1]] = part.numbers
        if part.frame is not None:
            frames[:, column] = part.frame
        if part.table is not None:
            many, channels, entries = part.table.shape
            begin, each = sum(map(len, found)), channels * entries if many > 1 else 0
            places[:, column, 0] = begin + np.arange(rows) * each
            places[:, column, 1] = entries if channels > 1 else 0
            if part.keys is not None:
                places[:, column, 1] = part.keys
            found.append(part.table.reshape(-1).astype(dtype))
    idle = kinds == NOTHING
    if idle.any():
        # What is to be done comes first, so that few stages hold it all.
        order = np.argsort(idle, axis=1, kind="stable")[:, : int((~idle).sum(axis=1).max())]
        each = np.arange(rows)[:, np.newaxis]
        kinds, places, frames, numbers = (
            one[each, order] for one in (kinds, places, frames, numbers)
        )
    blurs = kinds == BLUR
    levels, room = int(blurs.sum(axis=1).max(initial=0)), 1
    if levels:
        room = 2 * int((numbers[:, :, 0] * blurs).sum(axis=1).max()) + 1
    return Program(kinds, places, frames, numbers, np.concatenate(found), levels, room)


def _rows(part: Part) -> int:
    return max(1 if one is None else len(one) for one in part)
