"""Where the samples of a component lie: from the row of the series to the byte in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.planes import planes_of, words
from samebytes.memory.strided import as_strided
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.concat import ConcatArray
from samebytes.plan.plan import Component
from samebytes.plan.sources import arrays_in
from samebytes.plan.windows import Rows, Stencil

__all__ = ["Addressing", "addressing_of", "moves", "runs_of"]

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Addressing:
    """The samples of a component, or some of its columns, as the kernel walks them.

    Attributes
    ----------
    source : ndarray, shape (1, H, W, C)
        A plane of the sample that begins at row 0.
    planes : ndarray of int64
        Bytes from a sample to each of its planes.
    stencil : Stencil
        Which rows make a sample.
    step : int
        Bytes from a row to the next.
    borders, bases : ndarray of int64
        First row of each array, with the number of rows last; bytes from the first array to each.
    padding : ndarray, shape (1,), or None
        An item to fill samples up with.
    """

    source: npt.NDArray[Any]
    planes: Indices
    stencil: Stencil
    step: int
    borders: Indices
    bases: Indices
    padding: npt.NDArray[Any] | None

    def places(self, rows: Rows) -> Indices:
        """Return bytes from `source` to each plane of samples.

        Raises
        ------
        IndexError
            If a sample would be read outside of its array.
        """
        first, last = rows.starts + self.stencil.offset, rows.starts + self.stencil.last
        anchor, there = first, None
        if rows.valid is not None:
            # Only what is valid is read: of a padded sample, these rows have to be there.
            low, high = rows.starts + rows.valid[:, 0], rows.starts + rows.valid[:, 1] - 1
            there = (first <= high) & (last >= low)
            anchor, last = np.clip(first, low, high), np.minimum(last, high)
        which = np.zeros(1, np.int64)
        if len(self.bases) > 1:
            which = np.searchsorted(self.borders, anchor, "right") - 1
        outside = (anchor < self.borders[which]) | (last >= self.borders[1:][which])
        if there is not None:
            outside &= there
        if outside.any():
            place = int(outside.argmax())
            message = (
                f"a sample of rows {anchor[place]:,} to {last[place]:,} lies outside its array, "
                f"which has {self.borders[-1]:,} rows in all"
            )
            raise IndexError(message)
        found = self.bases[which] + (first - self.borders[which]) * self.step
        return _by_plane(found, self.planes)

    def spans(self, rows: Rows) -> Indices | None:
        """Return which rows and columns of each plane are there, where some may not be."""
        if rows.valid is None:
            return None
        count, apart = self.stencil.axes[0] if self.stencil.axes else (1, 1)
        # The steps of time that lie inside: from the first at or behind each bound.
        steps = np.clip(-(-(rows.valid - self.stencil.offset) // apart), 0, count)
        _, height, width, _ = self.source.shape
        found = np.zeros((len(steps), len(self.planes), 4), np.int64)
        found[..., 1], found[..., 3] = height, width
        # Time is the outermost axis of a sample: of its planes, else of its rows, else of columns.
        if count == 1 or len(self.planes) > 1:
            step = np.arange(len(self.planes)) // (len(self.planes) // count)
            found[..., 1] *= (step >= steps[:, :1]) & (step < steps[:, 1:])
        elif height > 1:
            found[..., 0:2] = steps[:, np.newaxis] * (height // count)
        else:
            found[..., 2:4] = steps[:, np.newaxis] * (width // count)
        return found.reshape(-1, 4)


def moves(spec: ComponentSpec) -> bool:
    """Return whether items are moved as they are, whatever they mean."""
    return not spec.linear and spec.dtype == spec.source_dtype


def runs_of(stencil: Stencil) -> list[tuple[slice, slice]]:
    """Return the columns that a stencil picks as slices: of the source, and of the output.

    Examples
    --------
    >>> runs_of(Stencil(columns=(0, 1, 2, 7, 5)))
    [(slice(0, 3, 1), slice(0, 3, None)), (slice(7, 4, -2), slice(3, 5, None))]
    """
    if stencil.columns is None:
        return [(slice(None), slice(None))]
    runs: list[tuple[slice, slice]] = []
    chosen, start = stencil.columns, 0
    while start < len(chosen):
        stop, step = start + 1, 1
        if stop < len(chosen) and chosen[stop] != chosen[start]:
            step = chosen[stop] - chosen[start]
            while stop < len(chosen) and chosen[stop] - chosen[stop - 1] == step:
                stop += 1
        end = chosen[stop - 1] + (1 if step > 0 else -1)
        runs.append((slice(chosen[start], end if end >= 0 else None, step), slice(start, stop)))
        start = stop
    return runs


def addressing_of(component: Component, columns: slice, *, padded: bool) -> Addressing:
    """Return where the samples of a component lie, or those columns of them."""
    array, spec, stencil = component.array, component.spec, component.stencil
    arrays = arrays_in(array)
    if stencil.columns is not None:
        arrays = tuple(one[..., columns] for one in arrays)
    first = next((one for one in arrays if len(one)), arrays[0])
    step = next((one.strides[0] for one in arrays if len(one) > 1), first.strides[0])
    sample = as_strided(
        first,
        (1, *(count for count, _ in stencil.axes), *first.shape[1:]),
        (0, *(apart * step for _, apart in stencil.axes), *first.strides[1:]),
        writeable=False,
    )
    planes = np.zeros(1, np.int64)
    if spec.is_image:
        image, planes = _images_of(sample) if spec.framed else (sample, planes)
        source = image.transpose(0, 2, 3, 1) if spec.source_planar else image
    elif spec.linear:
        source = sample[..., np.newaxis] if first.ndim == 1 else sample
        source, planes = planes_of(source, channels=True)
    else:
        items = words(sample) if moves(spec) else sample
        apart = 0 if stencil.columns is None else 1 + items.ndim - sample.ndim
        source, planes = planes_of(items, apart=apart)
    return Addressing(
        source,
        planes,
        stencil,
        step,
        array.borders if isinstance(array, ConcatArray) else np.array([0, len(array)], np.int64),
        np.array([one.ctypes.data - first.ctypes.data for one in arrays], np.int64),
        _padding(component) if padded else None,
    )


def _images_of(sample: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Indices]:
    """Return the first of the images that a sample has, and bytes from it to each of them."""
    offsets = np.zeros(1, np.int64)
    for size, stride in zip(sample.shape[1:-3], sample.strides[1:-3], strict=True):
        offsets = (offsets[:, np.newaxis] + np.arange(size, dtype=np.int64) * stride).reshape(-1)
    shape, strides = (1, *sample.shape[-3:]), (0, *sample.strides[-3:])
    return as_strided(sample, shape, strides, writeable=False), offsets


def _padding(component: Component) -> npt.NDArray[Any]:
    """Return the item that stands for padding, as the kernel reads it."""
    spec = component.spec
    item = np.full(1, component.padding, spec.source_dtype)
    if not moves(spec) or spec.is_image:
        return item
    parts: npt.NDArray[Any] = words(item)[0]
    if (parts != parts[0]).any():
        message = (
            f"padding_value={component.padding!r} of {spec.source_dtype} is made of parts that "
            "differ; expected 0"
        )
        raise ValueError(message)
    return parts[:1]


def _by_plane(places: Indices, planes: Indices) -> Indices:
    if len(planes) == 1:
        return places
    found: Indices = (places[:, np.newaxis] + planes).reshape(-1)
    return found
