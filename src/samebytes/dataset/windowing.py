"""From what ``window`` was asked for to what windows are: frames, borders, or a refusal."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.dataset import verbs
from samebytes.dataset.arguments import at_least
from samebytes.dataset.folding import places_of
from samebytes.dataset.joined import Joined
from samebytes.dataset.structure import Structure, flatten
from samebytes.dataset.transforms.base import On
from samebytes.dataset.windows import Frame, Windows
from samebytes.memory.files.hold import held

__all__ = ["Target", "Windowed", "borders_at_gaps", "borders_of", "cut_windows"]

Offsets = npt.NDArray[np.int64]

PIECE = 1 << 20
"""Rows of ids or times that are looked at together: finding borders takes 8 MB of memory."""


@dataclass(frozen=True)
class Target:
    """What ``window`` was told of the target: see `Dataset.window`."""

    horizon: int | None
    offset: int | None
    columns: Any
    on: On
    align: str


@dataclass(frozen=True)
class Windowed:
    """What `Dataset.window` changes: an array and a frame a component, and where windows begin."""

    arrays: tuple[Any, ...]
    structure: Structure
    frames: tuple[Frame, ...]
    windows: Windows
    samples: verbs.Source
    padding: Any


def cut_windows(
    dataset: Any,
    length: int,
    stride: int,
    sampling_rate: int,
    target: Target,
    groups: Any,
    filling: tuple[str | None, Any],
) -> Windowed:
    """Give the windows of a dataset of rows, and of their targets.

    Raises
    ------
    ValueError
        If an argument is out of its range, groups do not cover the rows, no window fits, or
        another verb came before.
    """
    chosen = dataset.batch_size is not None or hasattr(dataset.samples, "parent")
    if dataset.windows is not None or dataset.maps or chosen:
        message = (
            "window comes first, and once: Dataset.from_tensor_slices(x).window(...); for a "
            "part of a series give it a part of the array, x[:n]"
        )
        raise ValueError(message)
    if target.horizon is None and target != Target(None, None, None, None, "right"):
        message = "window(offset=, columns=, target=, align=) are of a target: add horizon=1"
        raise ValueError(message)
    arrays, structure = dataset.arrays, dataset.structure
    padding, padding_value = filling
    length = at_least(1, "window", length=length)
    stride = at_least(1, "window", stride=stride)
    rate = at_least(1, "window", sampling_rate=sampling_rate)
    if padding not in (None, "left", "right"):
        message = f"window(padding={padding!r}): expected None, 'left' or 'right'"
        raise ValueError(message)
    if padding is not None:
        for name, array in zip(structure.names, arrays, strict=True):
            _check_padding(padding_value, array, name)
    frames = [Frame(0, ((length, rate),))] * len(arrays)
    sources = list(arrays)
    if target.horizon is not None:
        frame = _target_frame(target, target.horizon, length, rate, padding)
        nested: list[Any] = []
        for place in _target_places(target, arrays, structure):
            array, columns = _columns(arrays[place], target.columns, structure.names[place])
            nested.append(len(sources))
            sources.append(array)
            frames.append(Frame(frame.offset, frame.axes, columns))
        whole = structure.rebuild(list(range(len(arrays))))
        _, structure = flatten((whole, nested[0] if len(nested) == 1 else tuple(nested)))
    borders = _borders(arrays, groups)
    span = max(frame.last for frame in frames) + 1
    windows = Windows(borders, span, stride, padding)
    if not len(windows):
        longest = int(np.diff(borders).max(initial=0))
        needs = "" if target.horizon is None else " with its target"
        fill = "" if longest == 0 else ", or fill short ones up: padding='left'"
        message = (
            f"no window fits: length={length} at sampling_rate={rate}{needs} spans {span:,} rows, "
            f"the longest series has {longest:,}; ask for shorter windows{fill}"
        )
        raise ValueError(message)
    order = verbs.Source(len(windows))
    return Windowed(tuple(sources), structure, tuple(frames), windows, order, padding_value)


# Targets ----------------------------------------------------------------------------------


def _target_frame(
    target: Target, horizon: int, length: int, rate: int, padding: str | None
) -> Frame:
    horizon = at_least(1, "window", horizon=horizon)
    offset = rate if target.offset is None else at_least(0, "window", offset=target.offset)
    ahead = ((horizon, rate),) if horizon > 1 else ()
    if target.align == "right":
        return Frame((length - 1) * rate + offset, ahead)
    if target.align != "each":
        message = f"window(align={target.align!r}): expected 'right' or 'each'"
        raise ValueError(message)
    if ahead and padding is not None:
        message = (
            "window(align='each', padding=...): a step near the end of a short series has targets "
            "that are partly there; ask for horizon=1, or leave padding away"
        )
        raise ValueError(message)
    return Frame(offset, ((length, rate), *ahead))


def _target_places(
    target: Target, arrays: tuple[Any, ...], structure: Structure
) -> tuple[int, ...]:
    if target.on is None and len(arrays) > 1:
        message = (
            "window(horizon=...) over several components needs target=, the one to forecast; "
            f"expected some of {', '.join(structure.names)}"
        )
        raise ValueError(message)
    return places_of(target.on, structure.names, [False] * len(arrays))


def _columns(array: Any, wanted: Any, name: str) -> tuple[Any, tuple[int, ...] | None]:
    """Give the array with the wanted columns, or with all and those to pick from them."""
    if wanted is None:
        return array, None
    if array.ndim < 2:
        message = f"window(columns={wanted!r}): component {name} has one value a row, no columns"
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
    if np.ndim(wanted) == 0 and not isinstance(wanted, slice):
        return _view(array, chosen[0]), None
    steps = set(np.diff(chosen).tolist())
    if len(steps) > 1 or 0 in steps:
        return array, tuple(chosen)
    step = steps.pop() if steps else 1
    end = chosen[-1] + step
    return _view(array, slice(chosen[0], end if end >= 0 else None, step)), None


def _view(array: Any, columns: int | slice) -> Any:
    return array.columns(columns) if isinstance(array, Joined) else array[..., columns]


# Borders ----------------------------------------------------------------------------------


def _borders(arrays: tuple[Any, ...], groups: Any) -> Offsets:
    """Give the borders of all groups: those that were asked for, and the ends of joined parts."""
    rows = len(arrays[0])
    found = [array.borders for array in arrays if isinstance(array, Joined)]
    if groups is not None:
        found += [borders_of(one, rows) for one in (groups if type(groups) is tuple else (groups,))]
    if not found:
        return np.array([0, rows], np.int64)
    return found[0] if len(found) == 1 else np.unique(np.concatenate(found))


def borders_of(groups: Any, rows: int) -> Offsets:
    """Give the border offsets of groups that are told by an id for each row, or by offsets.

    Examples
    --------
    >>> borders_of(["a", "a", "b", "b", "b"], rows=5).tolist()
    [0, 2, 5]
    >>> borders_of([0, 2, 5], rows=5).tolist()
    [0, 2, 5]
    """
    given = np.asarray(groups)
    if given.ndim != 1:
        message = f"groups of shape {given.shape}: expected one axis, of ids or of border offsets"
        raise ValueError(message)
    # Offsets first: an id for each row that begins with 0 and ends with the number of rows, always
    # ascending, would make groups of one row.
    if given.dtype.kind in "iu" and _covers(given, rows):
        return given.astype(np.int64)
    if len(given) == rows:
        return _changes(given, lambda piece: piece[1:] != piece[:-1])
    if given.dtype.kind not in "iu":
        message = (
            f"groups has {len(given):,} ids of {given.dtype} for {rows:,} rows; expected one for "
            "each row, or the integer offsets at which groups begin and the last one ends"
        )
        raise ValueError(message)
    message = (
        f"groups of {len(given):,} offsets do not cover the {rows:,} rows: expected them "
        f"ascending from 0 to {rows:,}, or an id for each row"
    )
    raise ValueError(message)


def _covers(offsets: npt.NDArray[Any], rows: int) -> bool:
    """Tell whether offsets are those of groups that follow each other from row 0 to the last."""
    ends = len(offsets) > 1 and offsets[0] == 0 and offsets[-1] == rows
    return bool(ends and (offsets[1:] >= offsets[:-1]).all())


def borders_at_gaps(times: Any, longest: Any) -> Offsets:
    """Give the rows at which time leaps, as border offsets for ``window(groups=...)``.

    Parameters
    ----------
    times : array of datetime64 or numbers, shape (rows,)
        When each row was measured. Read once, in pieces.
    longest : timedelta64 or number
        The longest step that is no gap. A step back in time always is a border.

    Returns
    -------
    ndarray of int64
        0, the first row behind each gap, and the number of rows.

    Examples
    --------
    >>> import numpy as np
    >>> hours = np.array([0, 1, 2, 9, 10], "datetime64[h]")
    >>> borders_at_gaps(hours, np.timedelta64(1, "h")).tolist()
    [0, 3, 5]
    """
    given = np.asarray(times)
    if given.ndim != 1 or given.dtype.kind not in "iufM":
        message = (
            f"times of {given.dtype} and shape {given.shape}: expected one axis of datetime64 or "
            "numbers"
        )
        raise ValueError(message)

    def leaps(piece: npt.NDArray[Any]) -> Any:
        later, earlier = piece[1:], piece[:-1]
        # Compared before subtracting, since unsigned numbers have no steps back.
        return (later < earlier) | (later - earlier > longest)

    return _changes(given, leaps)


def _changes(values: npt.NDArray[Any], differ: Any) -> Offsets:
    """Give 0, the rows that differ from the one before, and the number of rows."""
    found = [np.zeros(1, np.int64)]
    with held(values) as (readable,):
        for start in range(0, len(values), PIECE):
            piece = readable[start : start + PIECE + 1]
            found.append(np.flatnonzero(differ(piece)) + start + 1)
    return np.concatenate([*found, np.full(1 if len(values) else 0, len(values))])


def _check_padding(value: Any, array: Any, name: str) -> None:
    """Refuse a padding value that a component cannot hold."""
    with np.errstate(all="ignore"):
        item = np.asarray(value).astype(array.dtype)
    exact = array.dtype.kind not in "iub" or bool(np.all(item == np.asarray(value)))
    if item.ndim or not exact:
        message = f"padding_value={value!r} is no value that component {name} ({array.dtype}) holds"
        raise ValueError(message)
