"""Numbers as they are typed: sizes with units, shapes with commas."""

from __future__ import annotations

import re

__all__ = ["parse_shape", "parse_size"]

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)", re.IGNORECASE)
_UNITS = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}


def parse_size(text: str) -> int:
    """Return the bytes that `text` names, in decimal (``4GB``) or binary units (``4GiB``).

    Raises
    ------
    ValueError
        If it names none.

    Examples
    --------
    >>> parse_size("4GB"), parse_size("1.5 MiB"), parse_size("800000")
    (4000000000, 1572864, 800000)
    """
    match = _SIZE.fullmatch(text.strip())
    factor = None if match is None else _UNITS.get(match[2].lower())
    if match is None or factor is None:
        message = f"{text!r} is not a size; expected a number and a unit, such as 4GB or 512MiB"
        raise ValueError(message)
    size = int(float(match[1]) * factor)
    if size == 0:
        message = f"{text!r} is less than a byte; expected a size such as 4GB or 512MiB"
        raise ValueError(message)
    return size


def parse_shape(text: str) -> tuple[int, ...]:
    """Return the shape that `text` writes; one length may be -1.

    Raises
    ------
    ValueError
        If a part is no length.

    Examples
    --------
    >>> parse_shape("-1, 28, 28")
    (-1, 28, 28)
    """
    try:
        lengths = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        message = f"{text!r} is not a shape; expected lengths separated by commas, such as 2,3"
        raise ValueError(message) from error
    if any(length < -1 for length in lengths) or lengths.count(-1) > 1:
        message = f"{text!r} is not a shape; lengths are 0 or more, and one of them may be -1"
        raise ValueError(message)
    return lengths
