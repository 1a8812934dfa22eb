"""Whole numbers that people pass: taken as they come, refused in words where too small."""

from __future__ import annotations

import operator
from typing import Any

__all__ = ["at_least"]


def at_least(least: int, function: str, **named: Any) -> int:
    """Give the one named argument of `function` as an integer.

    Raises
    ------
    ValueError
        If it is less than `least`.

    Examples
    --------
    >>> at_least(1, "window", stride=3)
    3
    """
    ((name, value),) = named.items()
    number = operator.index(value)
    if number < least:
        message = f"{function}({name}={number}): expected {least} or more"
        raise ValueError(message)
    return number
