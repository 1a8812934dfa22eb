"""Strings on their way into string tensors: each encoded in UTF-8, in memory of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["as_utf8", "is_string"]


def is_string(dtype: np.dtype[Any]) -> bool:
    """Return whether `dtype` is one of NumPy's strings: of bytes, of characters, of any length."""
    return dtype.kind in "SUT"


def as_utf8(array: npt.NDArray[Any], what: str = "this array") -> npt.NDArray[np.object_]:
    r"""Return the strings of `array` as bytes in UTF-8, which TensorFlow takes as they are; copies.

    Bytes are left as they came. Without this TensorFlow encodes what passes from Python into
    ``tf.data`` in ASCII, and has no way in for strings of any length.

    Parameters
    ----------
    array : ndarray
        Of strings, or of objects that are strings or bytes.
    what : str
        Who holds them, for errors.

    Raises
    ------
    ValueError
        If UTF-8 has no bytes for one of them, or one is missing, or no string.

    Examples
    --------
    >>> as_utf8(np.array(["zürich", ""])).tolist()
    [b'z\xc3\xbcrich', b'']
    """
    found = np.empty(array.size, object)
    for place, text in enumerate(array.ravel().tolist()):
        if isinstance(text, bytes):
            found[place] = text
            continue
        try:
            found[place] = text.encode()
        except (AttributeError, UnicodeEncodeError) as reason:
            raise _refusal(array, what, place, text) from reason
    return found.reshape(array.shape)


def _refusal(array: npt.NDArray[Any], what: str, place: int, text: object) -> ValueError:
    where = ", ".join(str(int(index)) for index in np.unravel_index(place, array.shape))
    if isinstance(text, str):
        return ValueError(
            f"the string at [{where}] of {what} holds half of a surrogate pair, which UTF-8 cannot "
            "encode, and a string tensor holds UTF-8; repair it first: s.encode('utf-8', "
            "'replace').decode()"
        )
    return ValueError(
        f"the item at [{where}] of {what} is {type(text).__name__}, but a string tensor holds "
        "strings; put a string in its place"
    )
