"""Some samples of a batch alone: their tables, and how what became of them joins the others'."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.affine import Affine
from samebytes.plan.colour import Colour
from samebytes.plan.geometry import Geometry
from samebytes.plan.stages import NOTHING, Done, Stage
from samebytes.plan.tables import Tables

__all__ = ["join", "select"]

Places = npt.NDArray[np.int64]
SMALL = 256
"""Entries of a table of which every sample may have its own."""


def select(tables: Tables, places: Places) -> Tables:
    """Return the tables of the samples at these places, to be changed apart from the others."""

    def taken(array: Any) -> Any:
        return array if array is None or len(array) == 1 else array[places]

    mine = places if tables.samples is None else tables.samples[places]
    return Tables(
        _geometry(tables.geometry, taken),
        _affine(tables.affine, taken),
        [Stage(_affine(one.before, taken), _done(one.done, taken)) for one in tables.stages],
        tables.values,
        taken(tables.table),
        mine,
        tables.geometry if tables.whole is None else tables.whole,
        looks_up=tables.looks_up and (tables.values is None or tables.values.size <= SMALL),
    )


def join(tables: Tables, places: Places, changed: Tables, count: int) -> None:
    """Put what became of the samples at these places among the `count` that there are."""

    def put(mine: Any, theirs: Any) -> Any:
        shape = count, *np.broadcast_shapes(mine.shape[1:], theirs.shape[1:])
        found = np.array(np.broadcast_to(mine, shape))
        found[places] = theirs
        return found

    size = tables.affine.scale.shape[1]
    known = len(tables.stages)
    before = [*(stage.before for stage in tables.stages), tables.affine]
    stages = []
    for number, stage in enumerate(changed.stages):
        mine = before[number] if number <= known else Affine.identity(size)
        done = tables.stages[number].done if number < known else _nothing(stage.done)
        stages.append(Stage(_both(mine, stage.before, put), _both_done(done, stage.done, put)))
    # Stages that are new do nothing to the others, whose linear step stays where it stood.
    mine = tables.affine if len(stages) == known else Affine.identity(size)
    tables.affine = _both(mine, changed.affine, put)
    tables.stages = stages
    tables.geometry.steps = put(tables.geometry.steps, changed.geometry.steps)
    if changed.table is not None and changed.table is not tables.table:
        old = tables.values if tables.table is None else tables.table
        tables.table = put(old, changed.table)


def _affine(affine: Affine, change: Any) -> Affine:
    return Affine(*(change(getattr(affine, field.name)) for field in fields(Affine)))


def _both(mine: Affine, theirs: Affine, put: Any) -> Affine:
    each = ((getattr(mine, one.name), getattr(theirs, one.name)) for one in fields(Affine))
    return Affine(*(put(*both) for both in each))


def _geometry(geometry: Geometry, change: Any) -> Geometry:
    return Geometry(change(geometry.steps).copy(), geometry.height, geometry.width)


def _done(done: Colour | Done, change: Any) -> Colour | Done:
    if isinstance(done, Colour):
        return Colour(change(done.center), change(done.matrix))
    frame = None if done.frame is None else _geometry(done.frame, change)
    return Done(
        change(done.kinds), change(done.numbers), change(done.table), change(done.keys), frame
    )


def _nothing(done: Colour | Done) -> Colour | Done:
    """Return what changes nothing, of the same form."""
    if isinstance(done, Colour):
        return Colour(np.zeros((1, 3)), np.eye(3)[np.newaxis])
    return replace(done, kinds=np.array([NOTHING]), numbers=done.numbers[:1] * 0)


def _both_done(mine: Colour | Done, theirs: Colour | Done, put: Any) -> Colour | Done:
    if isinstance(mine, Colour) and isinstance(theirs, Colour):
        return Colour(put(mine.center, theirs.center), put(mine.matrix, theirs.matrix))
    if isinstance(mine, Colour) or isinstance(theirs, Colour):
        message = "a stage is one thing for all samples"
        raise TypeError(message)
    new = mine.kinds[0] == NOTHING and len(mine.kinds) == 1
    if not new:
        return mine  # what was done before stays as it is
    table = theirs.table if theirs.table is None else put(theirs.table[:1] * 0, theirs.table)
    keys = theirs.keys if theirs.keys is None else put(theirs.keys[:1] * 0, theirs.keys)
    frame = theirs.frame
    if frame is not None:
        frame = replace(frame, steps=put(frame.steps[:1], frame.steps))
    return Done(
        put(mine.kinds, theirs.kinds), put(mine.numbers, theirs.numbers), table, keys, frame
    )
