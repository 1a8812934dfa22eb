"""From what ``window`` was asked for to what windows are: stencils, borders, or a refusal."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan import samplers
from samebytes.plan.arguments import BEYOND_COUNTING, at_least, check_axes
from samebytes.plan.boundaries import ArrayLikes, borders_of
from samebytes.plan.concat import ConcatArray
from samebytes.plan.documents import DocumentFeature
from samebytes.plan.fuse import places_of
from samebytes.plan.recipe import Recipe
from samebytes.plan.sources import GivenArray, SourceArray
from samebytes.plan.transforms.base import On
from samebytes.plan.tree import Structure, flatten
from samebytes.plan.windows import Stencil, Windows
from samebytes.share.concat_array import columns_of

__all__ = ["Columns", "Target", "Windowed", "cut_windows"]

Columns = int | Sequence[int] | npt.NDArray[np.integer[Any]] | slice | None


@dataclass(frozen=True)
class Target:
    """What ``window`` was told of the target: see `Dataset.window`."""

    horizon: int | None
    offset: int | None
    columns: Columns
    on: On
    align: str


@dataclass(frozen=True)
class Windowed:
    """What `Dataset.window` changes: an array and stencil a component, and where windows begin."""

    arrays: tuple[SourceArray, ...]
    structure: Structure
    stencils: tuple[Stencil, ...]
    windows: Windows
    samples: samplers.Sequential
    padding: Any


def cut_windows(
    dataset: Recipe,
    length: int,
    stride: int,
    sampling_rate: int,
    target: Target,
    series: tuple[ArrayLikes, ArrayLikes],
    filling: tuple[str | None, Any],
) -> Windowed:
    """Return the windows of a dataset of rows, and of their targets.

    Raises
    ------
    ValueError
        If an argument is out of its range, groups or boundaries are not those of the rows, no
        window fits, or another method came before.
    """
    chosen = dataset.batch_size is not None or dataset.orders != ()
    chosen |= not isinstance(dataset.samples, samplers.Sequential)
    if dataset.windows is not None or dataset.maps or chosen:
        message = (
            "window must come first, and only once: Dataset.from_tensor_slices(x).window(...); for "
            "a part of a series, pass a part of the array, x[:n]"
        )
        raise ValueError(message)
    if target.horizon is None and target != Target(None, None, None, None, "right"):
        message = (
            "window(offset=, columns=, target=, align=) describe a target, and there is none: add "
            "horizon=1"
        )
        raise ValueError(message)
    arrays, structure = dataset.arrays, dataset.structure
    padding, padding_value = filling
    length = at_least(1, "window", length=length)
    stride = at_least(1, "window", stride=stride)
    rate = at_least(1, "window", sampling_rate=sampling_rate)
    _check_filling(padding, padding_value, arrays, structure)
    stencils = [Stencil(0, ((length, rate),))] * len(arrays)
    sources = list(arrays)
    if target.horizon is not None:
        stencil = _target_stencil(target, target.horizon, length, rate, padding)
        nested: list[Any] = []
        for place in _target_places(target, arrays, structure):
            array, columns = _columns(arrays[place], target.columns, structure.names[place])
            nested.append(len(sources))
            sources.append(array)
            stencils.append(Stencil(stencil.offset, stencil.axes, columns))
        whole = structure.rebuild(list(range(len(arrays))))
        _, structure = flatten((whole, nested[0] if len(nested) == 1 else tuple(nested)))
    for name, source, stencil in zip(structure.names, sources, stencils, strict=True):
        axes = 1 + len(stencil.shape(source.shape[1:]))
        check_axes(axes, name, f"rows of shape {source.shape[1:]}, and windows of them")
    parts = [array.borders for array in arrays if isinstance(array, ConcatArray)]
    borders = borders_of(len(arrays[0]), *series, parts)
    span = max(stencil.last for stencil in stencils) + 1
    if span >= BEYOND_COUNTING:
        message = (
            f"a window spans {span:,} rows, more than can be counted (2**63 - 1); ask for fewer"
        )
        raise ValueError(message)
    windows = Windows(borders, span, stride, padding)
    if not len(windows):
        longest = int(np.diff(borders).max(initial=0))
        needs = "" if target.horizon is None else " with its target"
        fill = "" if longest == 0 else ", or pad short series: padding='left'"
        message = (
            f"no window fits: length={length} at sampling_rate={rate}{needs} spans {span:,} rows, "
            f"but the longest series has {longest:,}; ask for shorter windows{fill}"
        )
        raise ValueError(message)
    order = samplers.Sequential(len(windows))
    return Windowed(tuple(sources), structure, tuple(stencils), windows, order, padding_value)


# Targets ----------------------------------------------------------------------------------


def _target_stencil(
    target: Target, horizon: int, length: int, rate: int, padding: str | None
) -> Stencil:
    horizon = at_least(1, "window", horizon=horizon)
    offset = rate if target.offset is None else at_least(0, "window", offset=target.offset)
    ahead = ((horizon, rate),) if horizon > 1 else ()
    if target.align == "right":
        return Stencil((length - 1) * rate + offset, ahead)
    if target.align != "each":
        message = f"window(align={target.align!r}): expected 'right' or 'each'"
        raise ValueError(message)
    if ahead and padding is not None:
        message = (
            "window(align='each', padding=...): a step near the end of a short series has targets "
            "that are only partly there; ask for horizon=1, or leave out padding="
        )
        raise ValueError(message)
    return Stencil(offset, ((length, rate), *ahead))


def _target_places(
    target: Target, arrays: tuple[SourceArray, ...], structure: Structure
) -> tuple[int, ...]:
    if target.on is None and len(arrays) > 1:
        message = (
            "window(horizon=...) over several components needs target=, the components to "
            f"forecast; expected one or more of {', '.join(structure.names)}"
        )
        raise ValueError(message)
    return places_of(target.on, structure.names, [False] * len(arrays))


def _columns(
    array: SourceArray, wanted: Columns, name: str
) -> tuple[SourceArray, tuple[int, ...] | None]:
    """Return the array with the wanted columns, or with all and those to pick from them."""
    if wanted is None:
        return array, None
    if isinstance(array, DocumentFeature) or array.ndim < 2:
        message = (
            f"window(columns={wanted!r}): component {name} has one value in each row, and no "
            "columns"
        )
        raise ValueError(message)
    count = array.shape[-1]
    if isinstance(wanted, slice):
        chosen = list(range(count))[wanted]
    else:
        chosen = [operator.index(one) for one in np.atleast_1d(wanted).tolist()]
    outside = [one for one in chosen if not -count <= one < count]
    if outside or not chosen:
        message = (
            f"window(columns={wanted!r}): component {name} has {count} columns, expected some of "
            f"0 to {count - 1}"
        )
        raise ValueError(message)
    chosen = [one % count for one in chosen]
    if not isinstance(wanted, slice) and np.ndim(wanted) == 0:
        return _view(array, chosen[0]), None
    steps = set(np.diff(chosen).tolist())
    if len(steps) > 1 or 0 in steps:
        return array, tuple(chosen)
    step = steps.pop() if steps else 1
    end = chosen[-1] + step
    return _view(array, slice(chosen[0], end if end >= 0 else None, step)), None


def _view(array: GivenArray, columns: int | slice) -> GivenArray:
    return array.columns(columns) if isinstance(array, ConcatArray) else columns_of(array, columns)


def _check_filling(
    padding: str | None, value: Any, arrays: tuple[SourceArray, ...], structure: Structure
) -> None:
    """Refuse a side that is none, and a value that some component cannot hold."""
    if padding not in (None, "left", "right"):
        message = f"window(padding={padding!r}): expected None, 'left' or 'right'"
        raise ValueError(message)
    if padding is not None:
        for name, array in zip(structure.names, arrays, strict=True):
            _check_padding(value, array, name)


def _check_padding(value: Any, array: SourceArray, name: str) -> None:
    """Refuse a padding value that a component cannot hold."""
    with np.errstate(all="ignore"):
        item = np.asarray(value).astype(array.dtype)
    exact = array.dtype.kind not in "iub" or bool(np.all(item == np.asarray(value)))
    if item.ndim or not exact:
        message = (
            f"padding_value={value!r} is not a value that component {name} ({array.dtype}) can hold"
        )
        raise ValueError(message)
