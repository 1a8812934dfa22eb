"""The text of a slice, as NumPy would read it between brackets; nothing is evaluated."""

from __future__ import annotations

import re
from types import EllipsisType

__all__ = ["Index", "parse_slice"]

Index = int | slice | EllipsisType | None

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_EXAMPLE = "expected what NumPy takes between brackets, such as '10:20, :, ::2'"


def parse_slice(text: str) -> tuple[Index, ...]:
    """Return the index that `text` writes: integers, slices, ``...`` and ``None``.

    Raises
    ------
    ValueError
        For anything else; the message says which part of the text it was.

    Examples
    --------
    >>> parse_slice("10:20, :, ::2")
    (slice(10, 20, None), slice(None, None, None), slice(None, None, 2))
    >>> parse_slice("-1, ..., None")
    (-1, Ellipsis, None)
    """
    parts = [part.strip() for part in text.split(",")]
    index = tuple(_parse_part(part) for part in parts)
    if index.count(Ellipsis) > 1:
        message = f"{text!r} has more than one '...', and NumPy allows only one"
        raise ValueError(message)
    return index


def _parse_part(part: str) -> Index:
    if not part:
        message = f"there is nothing before, after or between the commas; {_EXAMPLE}"
        raise ValueError(message)
    if part == "...":
        return Ellipsis
    if part in {"None", "newaxis", "np.newaxis"}:
        return None
    if ":" not in part:
        return _parse_integer(part, part)
    bounds = [bound.strip() for bound in part.split(":")]
    if len(bounds) > 3:
        message = f"{part!r} has {len(bounds)} bounds; expected at most three, start:stop:step"
        raise ValueError(message)
    numbers = [_parse_integer(bound, part) if bound else None for bound in bounds]
    if len(numbers) == 3 and numbers[2] == 0:
        message = f"{part!r} has a step of 0; expected any other step"
        raise ValueError(message)
    return slice(*numbers)


def _parse_integer(text: str, part: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        message = f"{part!r} is not part of a slice; {_EXAMPLE}"
        raise ValueError(message)
    return int(text)
