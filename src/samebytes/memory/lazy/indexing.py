"""What an index chooses of an array, as a box that is read and a view of that box."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Box", "box_of", "runs_of"]


@dataclass(frozen=True)
class Box:
    """What is read for an index, and how its values follow from what was read.

    Attributes
    ----------
    starts, stops : tuple of int
        For each axis the first place, and the one behind the last.
    view : tuple of int, slice or ndarray
        What the index chooses of the box.
    """

    starts: tuple[int, ...]
    stops: tuple[int, ...]
    view: tuple[Any, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of its axes."""
        return tuple(stop - start for start, stop in zip(self.starts, self.stops, strict=True))


def box_of(index: Any, shape: Sequence[int], name: str) -> Box:
    """Return what is to be read for an index of integers, slices and an Ellipsis.

    Raises
    ------
    IndexError
        If it does not fit the shape, as NumPy raises it.
    TypeError
        If it is any other kind of index.

    Examples
    --------
    >>> box_of((2, slice(None, None, -2)), (5, 7), "x")
    Box(starts=(2, 0), stops=(3, 7), view=(0, slice(None, None, -2)))
    """
    parts = list(index) if isinstance(index, tuple) else [index]
    given = sum(part is not Ellipsis for part in parts)
    if given > len(shape):
        message = (
            f"too many indices for {name}: it has {len(shape)} axes {tuple(shape)}, got {given}"
        )
        raise IndexError(message)
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)
    place = next(number for number, part in enumerate(parts) if part is Ellipsis)
    parts[place : place + 1] = [slice(None)] * (len(shape) - given)
    found = [_of_axis(part, length, name) for part, length in zip(parts, shape, strict=True)]
    starts, stops, view = zip(*found, strict=True) if found else ((), (), ())
    return Box(starts, stops, view)


def _of_axis(part: Any, length: int, name: str) -> tuple[int, int, int | slice]:
    if isinstance(part, slice):
        chosen = range(*part.indices(length))
        if not chosen:
            return 0, 0, slice(None)
        low, high = min(chosen[0], chosen[-1]), max(chosen[0], chosen[-1])
        step = None if chosen.step == 1 else chosen.step
        return low, high + 1, slice(None, None, step)
    if isinstance(part, bool | np.bool_) or part is None:
        message = (
            f"{name} is indexed by integers, slices and an Ellipsis, and by integer arrays on "
            f"the first axis alone; got {type(part).__name__}. Read it first: np.asarray(x)[...]"
        )
        raise TypeError(message)
    try:
        place = operator.index(part)
    except TypeError:
        message = (
            f"{name} is indexed by integers, slices and an Ellipsis, and by integer arrays on "
            f"the first axis alone; got {type(part).__name__}. Read it first: np.asarray(x)[...]"
        )
        raise TypeError(message) from None
    if not -length <= place < length:
        message = f"index {place:,} is out of bounds for {name}, whose axis has {length:,} items"
        raise IndexError(message)
    place %= length
    return place, place + 1, 0


def runs_of(box: Box, shape: Sequence[int], itemsize: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of bytes that a box is, in a row-major array: first byte and length.

    Examples
    --------
    >>> list(runs_of(box_of((slice(1, 3), slice(0, 2)), (4, 5), "x"), (4, 5), 8))
    [(40, 16), (80, 16)]
    >>> list(runs_of(box_of(slice(1, 3), (4, 5), "x"), (4, 5), 8))
    [(40, 80)]
    """
    if 0 in box.shape:
        return
    lengths, axis = box.shape, len(shape)
    # Axes that are read whole lie in one run with the axis before them.
    while axis > 0 and lengths[axis - 1] == shape[axis - 1]:
        axis -= 1
    axis = max(axis - 1, 0)
    steps = [itemsize] * (len(shape) + 1)
    for number in range(len(shape) - 1, -1, -1):
        steps[number] = steps[number + 1] * shape[number]
    nbytes = itemsize * int(np.prod(lengths[axis:], dtype=object)) if lengths else itemsize
    inside = sum(
        start * step for start, step in zip(box.starts[axis:], steps[axis + 1 :], strict=True)
    )
    for outer in np.ndindex(*lengths[:axis]):
        places = (start + more for start, more in zip(box.starts, outer, strict=False))
        yield sum(p * step for p, step in zip(places, steps[1:], strict=False)) + inside, nbytes
