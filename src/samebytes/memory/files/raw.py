"""Arrays on files without a header: bare numbers, described by whoever opens them."""

from __future__ import annotations

import math
import operator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from samebytes.errors import PickledData, UnknownFormat, WrongSize
from samebytes.memory.files.mapping import check_mode, map_file, view_of
from samebytes.memory.files.registry import format_of
from samebytes.memory.text import bytes_in_words, dtype_in_words

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from typing import SupportsIndex

    import numpy.typing as npt

    from samebytes.memory.files.mapping import Mode

__all__ = ["check_order", "open_raw", "raw_layout"]


def open_raw(
    path: str | os.PathLike[str],
    dtype: npt.DTypeLike,
    shape: SupportsIndex | Sequence[SupportsIndex] | None = None,
    *,
    offset: SupportsIndex = 0,
    order: Literal["C", "F"] = "C",
    mode: Mode = "r",
) -> npt.NDArray[Any]:
    """Return the bytes of a file as an array of a dtype you name; it never copies.

    Parameters
    ----------
    path : str or path-like
        A regular file.
    dtype : dtype-like
        Any dtype of a fixed size, byte order included; also those of ml_dtypes.
    shape : int or sequence of int, optional
        One length may be -1: as many as the rest of the file holds. By default, one axis
        over the rest of the file. With all lengths given, the file may be longer, as it may
        be for ``np.memmap``.
    offset : int
        Bytes to leave out at the beginning of the file.
    order : {'C', 'F'}
        Which axis varies fastest in the file: the last, as in C, or the first, as in Fortran.
    mode : {'r', 'r+', 'c'}
        Read-only; written through to the file; or writable with the file left as it is.

    Returns
    -------
    numpy.ndarray
        Unaligned where `offset` is.

    Raises
    ------
    WrongSize
        If the file has fewer bytes than the shape needs, or the rest of the file is empty
        or no whole number of elements.
    PickledData
        If the dtype has objects.
    UnknownFormat
        If the file is a ``.npy`` or ``.npz`` file and `offset` is 0.
    ValueError
        If `shape`, `offset`, `order`, `mode` or the size of `dtype` makes no sense.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "six.bin")
    ...     _ = path.write_bytes(bytes(range(6)))
    ...     print(open_raw(path, "uint8", (-1, 2), offset=2))
    [[2 3]
     [4 5]]
    """
    check_mode(mode)
    check_order(order)
    dtype = _fixed_size(dtype)
    lengths = _lengths(shape)
    skipped = operator.index(offset)
    _check_offset(skipped)
    path = Path(path)
    if 0 in lengths and -1 not in lengths and skipped == 0 and _is_empty(path):
        # The one array that an empty file does hold, though nothing can be mapped.
        nothing = np.empty(lengths, dtype, order)
        nothing.flags.writeable = mode != "r"
        return nothing
    mapping = map_file(path, mode)
    found_format = format_of(mapping) if skipped == 0 else None
    if found_format is not None:
        message = (
            f"{path} begins as .{found_format.name} files do, so dtype= would read its header as "
            "data. Leave out dtype= to open what it holds, or pass offset= to say where the data "
            "begins."
        )
        raise UnknownFormat(message)
    fitted = _fitted(str(mapping.path), len(mapping), dtype, lengths, skipped)
    return view_of(mapping, skipped, fitted, dtype, order)


def raw_layout(
    name: str,
    size: int,
    dtype: npt.DTypeLike,
    shape: SupportsIndex | Sequence[SupportsIndex] | None,
    offset: int,
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and the dtype of raw values in a file that is not mapped; copies nothing.

    Parameters
    ----------
    name : str
        What errors call the file.
    size : int
        Its bytes.
    dtype, shape, offset
        As for `open_raw`.

    Raises
    ------
    WrongSize, PickledData, ValueError
        As `open_raw` raises them.

    Examples
    --------
    >>> raw_layout("six.bin", 6, "uint8", (-1, 2), 2)
    ((2, 2), dtype('uint8'))
    """
    kind = _fixed_size(dtype)
    lengths = _lengths(shape)
    _check_offset(offset)
    return _fitted(name, size, kind, lengths, offset), kind


def check_order(order: str) -> None:
    """Refuse every order of axes but the two in which raw numbers lie; copies nothing.

    Raises
    ------
    ValueError
        If it is neither 'C' nor 'F'.
    """
    if order not in ("C", "F"):
        message = (
            f"order is {order!r}: expected 'C' (the last axis varies fastest) or 'F' (the first "
            "axis does, as in files of Fortran, MATLAB and Julia)."
        )
        raise ValueError(message)


def _check_offset(skipped: int) -> None:
    if skipped < 0:
        message = (
            f"offset is {skipped}: expected the number of bytes to skip at the beginning of the "
            "file, 0 or more."
        )
        raise ValueError(message)


def _is_empty(path: Path) -> bool:
    return path.is_file() and path.stat().st_size == 0


def _fixed_size(dtype: npt.DTypeLike) -> np.dtype[Any]:
    wanted: np.dtype[Any] = np.dtype(dtype)
    if wanted.hasobject:
        message = (
            f"dtype is {dtype_in_words(wanted)}, which has objects: a file can hold them only "
            "pickled, and pickled data is never read. Expected numbers or fixed-size strings "
            "and records."
        )
        raise PickledData(message)
    if wanted.itemsize == 0:
        message = (
            f"dtype is {dtype_in_words(wanted)}, whose elements take 0 bytes: expected a dtype "
            "with a size, for example 'S16' instead of 'S'."
        )
        raise ValueError(message)
    return wanted


def _lengths(shape: SupportsIndex | Sequence[SupportsIndex] | None) -> tuple[int, ...]:
    """Return the shape as a tuple in which at most one length is -1."""
    if shape is None:
        return (-1,)
    try:
        lengths = (
            tuple(operator.index(n) for n in shape)
            if hasattr(shape, "__iter__")
            else (operator.index(shape),)
        )
    except TypeError as error:
        message = (
            f"shape is {shape!r}: expected an int or a tuple of ints, for example (-1, 28, 28)."
        )
        raise TypeError(message) from error
    if any(n < -1 for n in lengths) or lengths.count(-1) > 1:
        message = (
            f"shape is {lengths}: expected lengths of 0 or more; one of them may be -1, for as "
            "many as the file holds."
        )
        raise ValueError(message)
    if -1 in lengths and 0 in lengths:
        message = (
            f"shape is {lengths}: next to a length of 0, the -1 could be any length. Give the "
            "length itself."
        )
        raise ValueError(message)
    return lengths


def _fitted(
    name: str, size: int, dtype: np.dtype[Any], lengths: tuple[int, ...], skipped: int
) -> tuple[int, ...]:
    """Return the shape with its -1 found, after comparing it with the size of the file."""
    found = size - skipped
    where = f"{name} ({bytes_in_words(size)})"
    if found < 0:
        message = (
            f"{where} ends before offset={skipped}: expected {bytes_in_words(skipped)} or more, "
            f"found {bytes_in_words(size)}. Give a smaller offset=."
        )
        raise WrongSize(message)
    one = math.prod(n for n in lengths if n != -1) * dtype.itemsize
    what = f"shape {lengths} of {dtype_in_words(dtype)}"
    if -1 not in lengths:
        if found < one:
            message = (
                f"{where} is too small for {what} from offset={skipped}: expected "
                f"{bytes_in_words(one)}, found {bytes_in_words(found)}. Give a smaller shape= or "
                "offset=, or check that the file was written completely."
            )
            raise WrongSize(message)
        return lengths
    if found == 0 or found % one:
        message = (
            f"{where} does not fit {what} from offset={skipped}: expected a multiple of "
            f"{bytes_in_words(one)}, found {bytes_in_words(found)}"
        )
        message += f", which leaves {bytes_in_words(found % one)} over. " if found else ". "
        message += (
            "Correct dtype=, shape= or offset=, or give every length to open only a part of the "
            "file."
        )
        raise WrongSize(message)
    return tuple(found // one if n == -1 else n for n in lengths)
