"""Where a series ends and the next begins: told by ids or boundaries, or found by gaps in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.files.hold import held

__all__ = ["ArrayLikes", "borders_at_gaps", "borders_of", "borders_of_boundaries"]

Offsets = npt.NDArray[np.int64]
Answers = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]
ArrayLikes = npt.ArrayLike | tuple[npt.ArrayLike, ...] | None
"""An array, or a tuple of several; whatever NumPy makes arrays of."""

PIECE = 1 << 20
"""Rows of ids or times that are looked at together: finding borders takes 8 MB of memory."""


def borders_of(
    rows: int,
    groups: ArrayLikes,
    boundaries: ArrayLikes,
    parts: Sequence[Offsets] = (),
    *,
    where: str = "window",
    called: str = "groups",
) -> Offsets:
    """Return the first row of each series, and the number of rows; reads ids in pieces.

    Parameters
    ----------
    rows : int
        How many there are.
    groups : array, tuple of arrays, or None
        Ids, one for each row; of several arrays a series has one id in each.
    boundaries : array, tuple of arrays, or None
        Offsets at which series begin, and the end of the last.
    parts : sequence of ndarray of int64
        Offsets that are borders anyway.
    where, called : str
        Whose arguments they are, and what that calls the ids, for messages.

    Raises
    ------
    ValueError
        If ids are not one for each row, have no order of before and after, or come back after
        another one; or if boundaries are no offsets that cover the rows.

    Examples
    --------
    >>> borders_of(5, ["a", "a", "b", "b", "b"], None).tolist()
    [0, 2, 5]
    >>> borders_of(5, [7, 7, 7, 8, 8], [0, 2, 5]).tolist()
    [0, 2, 3, 5]
    """
    found = [*parts]
    found += [
        borders_of_boundaries(one, rows, where=where, called=called) for one in _several(boundaries)
    ]
    told = np.unique(np.concatenate(found)) if len(found) > 1 else (*found, None)[0]
    name = f"{where}({called}=)"
    ids = [_ids(one, rows, name) for one in _several(groups)]
    if not ids:
        return np.array([0, rows], np.int64) if told is None else told
    changes = [_changes(one, _differ) for one in ids]
    borders = np.unique(np.concatenate([*changes, *(() if told is None else (told,))]))
    _refuse_returning(ids, borders[:-1], told, name)
    return borders


def _several(given: ArrayLikes) -> tuple[npt.ArrayLike, ...]:
    if given is None:
        return ()
    return given if type(given) is tuple else (given,)


def borders_of_boundaries(
    boundaries: npt.ArrayLike, rows: int, *, where: str = "window", called: str = "groups"
) -> Offsets:
    """Return offsets as int64, if they lead from 0 to `rows` without a step back.

    Examples
    --------
    >>> borders_of_boundaries([0, 2, 2, 5], rows=5).tolist()
    [0, 2, 2, 5]
    """
    given = np.asarray(boundaries)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        message = (
            f"{where}(boundaries=) of {given.dtype} and shape {given.shape}: expected one axis of "
            "integers, the rows at which series begin, and the number of rows last"
        )
        raise ValueError(message)
    if not _covers(given, rows):
        message = (
            f"{where}(boundaries=): {len(given):,} offsets do not cover the {rows:,} rows; "
            f"expected them ascending from 0 to {rows:,}. To give an id for each row, use {called}="
        )
        raise ValueError(message)
    return given.astype(np.int64)


def _covers(offsets: Values, rows: int) -> bool:
    """Return whether offsets are those of series that follow each other from row 0 to the last."""
    ends = len(offsets) > 0 and offsets[0] == 0 and offsets[-1] == rows
    return bool(ends and (offsets[1:] >= offsets[:-1]).all())


# Ids --------------------------------------------------------------------------------------


def _ids(groups: npt.ArrayLike, rows: int, name: str) -> Values:
    """Return ids, if there is one for each row and each equals itself."""
    given = np.asarray(groups)
    if given.ndim != 1:
        message = (
            f"{name} of shape {given.shape}: expected one axis, an id for each row; for several "
            "such arrays, pass a tuple"
        )
        raise ValueError(message)
    if len(given) != rows:
        message = f"{name}: {len(given):,} ids for {rows:,} rows; expected one for each"
        if given.dtype.kind in "iu" and _covers(given, rows):
            message = (
                f"{name} takes an id for each of the {rows:,} rows; these {len(given):,} numbers "
                "are offsets at which series begin: pass them as boundaries="
            )
        elif given.dtype.kind in "iu":
            message += ". To give the offsets at which series begin, use boundaries="
        raise ValueError(message)
    for start, piece in _pieces(given):
        strange = np.flatnonzero(_differ(piece, piece))
        if len(strange):
            message = (
                f"{name}: the id of row {start + int(strange[0]):,} ({given.dtype}) is not equal "
                "to itself, as NaN and NaT are not, so the series of that row is unknown; give "
                "such rows an id, or leave them out"
            )
            raise ValueError(message)
    return given


def _differ(later: Values, earlier: Values) -> Answers:
    try:
        found = np.asarray(later != earlier)
        if found.shape == later.shape:
            return found.astype(bool)
        reason = "two of them cannot be compared"
    except (TypeError, ValueError) as failure:
        reason = str(failure)
    message = (
        f"ids of {later.dtype} cannot be compared ({reason}); expected numbers, strings, dates or "
        "records"
    )
    raise ValueError(message)


def _refuse_returning(
    ids: Sequence[Values], begins: Offsets, told: Offsets | None, name: str
) -> None:
    """Refuse ids that come back after another one: of such rows nobody knows whether they go on.

    Behind a boundary that was told a series begins anyway: from there on every id is a new one.
    """
    if len(begins) < 2:
        return
    codes = [_numbered(one[begins], name) for one in ids]
    if told is not None:
        codes.append(np.searchsorted(told, begins, "right"))
    series = codes[0]
    for code in codes[1:]:
        # Numbered anew each time, so that products stay small.
        _, series = np.unique(series * (int(code.max()) + 1) + code, return_inverse=True)
    order = np.argsort(series, kind="stable")
    again = order[1:][series[order[1:]] == series[order[:-1]]]
    if not len(again):
        return
    row = int(begins[again.min()])
    message = (
        f"{name}: the id of row {row:,} occurred before, with another id in between. Put the rows "
        "of a series together first: order = np.argsort(ids, kind='stable'), then x[order] and "
        "ids[order]; or, where every run of an id is a series of its own, pass boundaries=np.r_[0, "
        "np.flatnonzero(ids[1:] != ids[:-1]) + 1, len(ids)]"
    )
    raise ValueError(message)


def _numbered(values: Values, name: str) -> Offsets:
    """Return a number for each value, the same for equal ones."""
    if values.dtype.kind != "O":
        return np.unique(values, return_inverse=True)[1].reshape(-1)
    seen: dict[object, int] = {}
    try:
        return np.array([seen.setdefault(value, len(seen)) for value in values], np.int64)
    except TypeError as failure:
        message = f"{name}: {failure}; expected ids that are numbers, strings or dates"
        raise ValueError(message) from failure


# Gaps -------------------------------------------------------------------------------------


def borders_at_gaps(
    times: npt.ArrayLike, longest: float | np.number[Any] | np.timedelta64
) -> Offsets:
    """Return the rows at which there is a gap in time, for ``window(boundaries=...)``.

    Parameters
    ----------
    times : array of datetime64 or numbers, shape (rows,)
        When each row was measured. Read once, in pieces.
    longest : timedelta64 or number
        The longest step that is not a gap. A step back in time is always a border.

    Returns
    -------
    ndarray of int64
        0, the first row after each gap, and the number of rows.

    Raises
    ------
    ValueError
        If times are neither dates nor numbers, or one is NaN or NaT.

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
    for start, piece in _pieces(given):
        unknown = np.flatnonzero(piece != piece)
        if len(unknown):
            message = (
                f"the time of row {start + int(unknown[0]):,} is not known (NaN or NaT), so it "
                "cannot be said whether there is a gap; fill it in, or leave the row out"
            )
            raise ValueError(message)

    def leaps(later: Values, earlier: Values) -> Answers:
        # Compared before subtracting, since unsigned numbers have no steps back. The step itself
        # may be larger than a signed dtype holds: int8 from -100 to 100.
        back = later < earlier
        if given.dtype.kind == "i":
            later, earlier = (one.astype(np.int64).view(np.uint64) for one in (later, earlier))
        return back | (later - earlier > longest)

    return _changes(given, leaps)


def _changes(values: Values, differ: Callable[[Values, Values], Answers]) -> Offsets:
    """Return 0, the rows that differ from the one before, and the number of rows."""
    found = [np.zeros(1, np.int64)]
    for start, piece in _pieces(values, 1):
        found.append(np.flatnonzero(differ(piece[1:], piece[:-1])) + start + 1)
    return np.concatenate([*found, np.full(1 if len(values) else 0, len(values))])


def _pieces(values: Values, more: int = 0) -> Iterator[tuple[int, Values]]:
    """Yield rows in pieces, each with `more` of the next, and where they begin; held meanwhile."""
    with held(values) as (readable,):
        for start in range(0, len(values), PIECE):
            yield start, readable[start : start + PIECE + more]
