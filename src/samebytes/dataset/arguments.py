"""Whole numbers that people pass: taken as they come, refused in words where out of range."""

from __future__ import annotations

import operator
from typing import Any

__all__ = ["BEYOND_COUNTING", "at_least", "whole_number"]

BEYOND_COUNTING = 1 << 63
"""The least number that positions, which are int64, cannot count."""


def at_least(least: int, function: str, **named: Any) -> int:
    """Return the one named argument of `function` as an integer.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it is less than `least`, or too large to count with.

    Examples
    --------
    >>> at_least(1, "window", stride=3)
    3
    """
    ((name, value),) = named.items()
    return whole_number(value, f"{function}({name}=", least=least)


def whole_number(
    value: Any, call: str, *, least: int | None = None, below: int = BEYOND_COUNTING
) -> int:
    """Return `value` as an integer from `least` on and less than `below`.

    Parameters
    ----------
    value : object
        What came.
    call : str
        The call as it was written, up to the value: it begins the message.
    least : int, optional
        Without it every negative number will do.
    below : int
        A power of two, which the message names as one.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it is out of range.

    Examples
    --------
    >>> whole_number(3.0, "take(")
    Traceback (most recent call last):
        ...
    TypeError: take(3.0): expected a whole number, got float
    """
    try:
        number = operator.index(value)
    except TypeError as failure:
        message = f"{call}{value!r}): expected a whole number, got {type(value).__name__}"
        raise TypeError(message) from failure
    if least is not None and number < least:
        message = f"{call}{number}): expected {least} or more"
        raise ValueError(message)
    if number >= below or number < -BEYOND_COUNTING:
        power = below.bit_length() - 1
        message = f"{call}{_shortly(number)}): expected less than 2**{power}"
        if number < 0:
            message = f"{call}{_shortly(number)}): expected -2**63 or more"
        raise ValueError(message)
    return number


def _shortly(number: int) -> str:
    """Give a number in digits, or, where nobody would read those, by its size."""
    bits = abs(number).bit_length()
    return str(number) if bits <= 128 else f"{'-' if number < 0 else ''}2**{bits - 1} or so"
