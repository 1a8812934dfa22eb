"""Sizes, shapes and dtypes as the error messages of this package write them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["bytes_in_words", "dtype_in_words", "shortened"]


def bytes_in_words(count: int) -> str:
    """Return a number of bytes as a person writes it; copies nothing.

    Parameters
    ----------
    count : int
        How many bytes.

    Returns
    -------
    str
        The number with commas, or a phrase when no computer could hold so many.

    Examples
    --------
    >>> bytes_in_words(1024)
    '1,024 bytes'
    >>> bytes_in_words(1)
    '1 byte'
    """
    if count > sys.maxsize:
        # A lying header may ask for more digits than Python agrees to print.
        return "more bytes than a computer can address"
    return f"{count:,} byte{'' if count == 1 else 's'}"


def dtype_in_words(dtype: np.dtype[Any]) -> str:
    """Return a dtype as one short phrase; copies nothing.

    Parameters
    ----------
    dtype : numpy.dtype
        Any dtype; a structured one of many fields is cut short.

    Returns
    -------
    str
        At most 80 characters.
    """
    return shortened(str(dtype), 80)


def shortened(text: str, width: int = 160) -> str:
    """Return a text on one line and cut to a width; copies nothing else.

    Parameters
    ----------
    text : str
        Any text, perhaps very long.
    width : int
        The most characters to give back.

    Returns
    -------
    str
        The text itself when it fits.
    """
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."
