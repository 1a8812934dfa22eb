"""Bytes, times, dtypes and long texts in words, the same wherever they are told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["as_bytes_text", "as_time_text", "bytes_in_words", "dtype_in_words", "shortened"]


def as_bytes_text(nbytes: float) -> str:
    """Return a size as a person writes it, in decimal units.

    Examples
    --------
    >>> as_bytes_text(512), as_bytes_text(786_432_000)
    ('512 bytes', '786.4 MB')
    """
    if nbytes < 1000:
        return "1 byte" if nbytes == 1 else f"{nbytes:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        nbytes /= 1000
        if nbytes < 999.95:
            return f"{nbytes:.1f} {unit}"
    return f"{nbytes / 1000:.1f} TB"


def as_time_text(milliseconds: float) -> str:
    """Return a time in milliseconds with the digits that mean something.

    Examples
    --------
    >>> as_time_text(0.0123), as_time_text(4.56), as_time_text(12345.6)
    ('0.012 ms', '4.6 ms', '12,346 ms')
    """
    digits = 3 if milliseconds < 1 else 1 if milliseconds < 100 else 0
    return f"{milliseconds:,.{digits}f} ms"


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
