"""Whole numbers that people pass: taken as they come, refused in words where out of range."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from samebytes.plan.permutation import MAXIMUM_SIZE

__all__ = [
    "BEYOND_COUNTING",
    "as_epoch",
    "as_prefetch",
    "as_shard",
    "as_threads",
    "at_least",
    "check_axes",
    "check_shuffle",
    "whole_number",
]

BEYOND_COUNTING = 1 << 63
"""The least number that positions, which are int64, cannot count."""

MOST_THREADS = 1024
"""Threads that one dataset may ask for: more would only wait for each other."""

MOST_AXES = 64 if int(np.__version__.partition(".")[0]) > 1 else 32
"""Axes that NumPy's arrays have at most; one of them the engine needs for itself."""

EPOCHS = 1 << 32
"""Epochs are counted modulo this, the width that the generator's counter gives them."""


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
    value: Any, call: str, *, least: int | None = None, below: int | None = BEYOND_COUNTING
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
    below : int, optional
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
        message = f"{call}{_shortly(number)}): expected {least} or more"
        raise ValueError(message)
    if below is not None and not -below <= number < below:
        expected = (
            f"less than 2**{below.bit_length() - 1}" if number > 0 else "a number closer to 0"
        )
        message = f"{call}{_shortly(number)}): expected {expected}"
        raise ValueError(message)
    return number


def _shortly(number: int) -> str:
    """Return a number in digits, or, where nobody would read those, by its size."""
    bits = abs(number).bit_length()
    return str(number) if bits <= 128 else f"{'-' if number < 0 else ''}2**{bits - 1} or so"


def check_axes(axes: int, name: str, what: str) -> None:
    """Refuse batches of more axes than NumPy's arrays have beside the one the engine needs."""
    if axes >= MOST_AXES:
        message = (
            f"component {name} has {what}, which makes batches of {axes} axes; NumPy allows "
            f"{MOST_AXES}, and one of them is needed internally, so expected at most "
            f"{MOST_AXES - 1}: reshape it to fewer"
        )
        raise ValueError(message)


def as_epoch(epoch: Any, call: str = "iterate(") -> int:
    """Return the number of an epoch."""
    return whole_number(epoch, call, least=0, below=EPOCHS)


def as_shard(num_shards: Any, index: Any) -> tuple[int, int]:
    """Return how many shards there are, and which one is meant."""
    count = whole_number(num_shards, "shard(num_shards=")
    place = whole_number(index, "shard(index=")
    if count < 1 or not 0 <= place < count:
        message = f"shard({count}, {place}): expected 0 <= index < num_shards"
        raise ValueError(message)
    return count, place


def check_shuffle(buffer_size: Any, length: int | None) -> None:
    """Refuse a buffer that is none, and what has no full order or too long a one."""
    if buffer_size is not None:
        whole_number(buffer_size, "shuffle(", least=1, below=None)
    if length is None:
        message = "an endless dataset has no full order: shuffle before repeat, not after"
        raise ValueError(message)
    if length > MAXIMUM_SIZE:
        message = f"shuffle: {length:,} elements; expected at most 2**62"
        raise ValueError(message)


def as_prefetch(buffer_size: Any) -> int | None:
    """Return how many elements to make ahead, None for the default."""
    number = whole_number(buffer_size, "prefetch(")
    if number < -1:
        message = f"prefetch({number}): expected 0 or more, or -1 for the default, as in tf.data"
        raise ValueError(message)
    return None if number == -1 else number


def as_threads(threads: Any) -> int | None:
    """Return how many threads to run, None for one a core."""
    if threads is None:
        return None
    number = whole_number(threads, "with_options(threads=", least=1)
    if number > MOST_THREADS:
        message = f"with_options(threads={number}): expected at most {MOST_THREADS:,}"
        raise ValueError(message)
    return number
