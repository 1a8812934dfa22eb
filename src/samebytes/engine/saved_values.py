"""What was saved and comes back, perhaps from a file that others wrote: checked, key by key.

What is expected of a kind of it is a table: each key with a check, which gives the value as it is
used, or says in words what it expects. Whether a state fits a plan is another question, which
`samebytes.engine.checkpoint.resume` answers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from samebytes.plan.arguments import EPOCHS

__all__ = [
    "EPOCH",
    "LAST_POSITION",
    "Check",
    "Unexpected",
    "check_saved",
    "integer",
    "list_of",
    "one_of",
    "text_dict",
]

Check = Callable[[Any], Any]

LAST_POSITION = (1 << 48) - 1
"""The last position in an endless dataset: arithmetic on it stays within 64 bits."""

LONGEST_SHOWN = 60


class Unexpected(Exception):
    """A value is not what is expected, which the text says."""


def integer(low: int, high: int) -> Check:
    """Return the check of an integer from `low` to `high`, of any kind but bool."""

    def check(value: Any) -> int:
        try:
            number = None if isinstance(value, bool) else operator.index(value)
        except TypeError:
            number = None
        if number is None or not low <= number <= high:
            message = f"an integer from {low:,} to {high:,}"
            raise Unexpected(message)
        return number

    return check


EPOCH = integer(0, EPOCHS - 1)


def one_of(*values: Any) -> Check:
    """Return the check of a value that is one of these, and of its type."""

    def check(value: Any) -> Any:
        if not any(type(value) is type(one) and value == one for one in values):
            raise Unexpected(" or ".join(map(repr, values)))
        return value

    return check


def list_of(check: Check, what: str) -> Check:
    """Return the check of a list, each of whose values has passed `check`."""

    def check_all(value: Any) -> list[Any]:
        try:
            if isinstance(value, list):
                return [check(one) for one in value]
        except Unexpected:
            pass
        message = f"a list of {what}"
        raise Unexpected(message)

    return check_all


def text_dict(value: Any) -> dict[str, str]:
    """Return a dict of strings by name, if it is one."""
    if not isinstance(value, dict) or not all(
        isinstance(part, str) for pair in value.items() for part in pair
    ):
        message = "a dict of strings by name"
        raise Unexpected(message)
    return value


def check_saved(whose: str, found: Any, table: Mapping[str, Check]) -> dict[str, Any]:
    """Return the values of all keys of `table`; what else there is, is left out.

    Parameters
    ----------
    whose : str
        What messages call it: the beginning of a sentence.
    found : object
        What came.
    table : mapping of str to callable
        Each key and its check.

    Raises
    ------
    ValueError
        At the first key that is missing or has a value that its check does not take.

    Examples
    --------
    >>> table = {"epoch": EPOCH, "unit": one_of("samples", "batches")}
    >>> check_saved("this state", {"epoch": 3, "unit": "samples"}, table)
    {'epoch': 3, 'unit': 'samples'}
    >>> check_saved("this state", {"epoch": 3.7}, table)
    Traceback (most recent call last):
    ValueError: this state has epoch 3.7: expected an integer from 0 to 4,294,967,295
    """
    keys = f"a dict with {', '.join(table)}"
    if not isinstance(found, dict):
        message = f"{whose} is {_shown(found)}: expected {keys}"
        raise ValueError(message)  # noqa: TRY004 (the type of what is in a file is its value)
    values = {}
    for key, check in table.items():
        if key not in found:
            message = f"{whose} has no {key}: expected {keys}"
            raise ValueError(message)
        try:
            values[key] = check(found[key])
        except Unexpected as expected:
            message = f"{whose} has {key} {_shown(found[key])}: expected {expected}"
            raise ValueError(message) from None
    return values


def _shown(value: Any) -> str:
    """Return a value in a few words, however large or deep it is."""
    if isinstance(value, int) and value.bit_length() > 64:
        return f"an integer of {value.bit_length():,} bits"
    if isinstance(value, str) and len(value) > LONGEST_SHOWN:
        return f"{value[:LONGEST_SHOWN]!r}..."
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    return f"of type {type(value).__name__}"
