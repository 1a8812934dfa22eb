"""The array behind a URL: what its first bytes say, and a source for the rest."""

from __future__ import annotations

import operator
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from samebytes.errors import UnknownFormat
from samebytes.memory.files.npy import is_npy, read_header
from samebytes.memory.files.raw import check_order, raw_layout
from samebytes.memory.files.registry import format_of_bytes
from samebytes.memory.lazy import LazyArray
from samebytes.memory.remote.identity import Identity
from samebytes.memory.remote.object_source import ObjectSource
from samebytes.memory.remote.remote_object import look_at
from samebytes.memory.remote.zarr_store import is_zarr_url, open_zarr_url
from samebytes.memory.urls import Url, parse_url

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import SupportsIndex

    import numpy.typing as npt

__all__ = ["open_url"]

FIRST_BYTES = 16 << 10
"""What is asked for first: more than the longest header of a ``.npy`` file, in one packet or so."""


def open_url(
    url: str,
    dtype: npt.DTypeLike | None = None,
    shape: SupportsIndex | Sequence[SupportsIndex] | None = None,
    *,
    offset: SupportsIndex = 0,
    order: Literal["C", "F"] = "C",
    mode: str = "r",
    key: str | None = None,
    cache: str | os.PathLike[str] | None = None,
) -> LazyArray | dict[str, LazyArray]:
    """Return the array behind a URL, or those of a zarr group; reads headers, copies no data.

    Parameters are those of `samebytes.open`.

    Raises
    ------
    UnknownFormat
        If it is no ``.npy`` file, and `dtype` does not say what it is.
    WrongSize, PickledData, FileError
        If the header does not fit the object, or what it describes is not read.
    RemoteError
        If the object cannot be read.
    MissingPackage
        If obstore is not installed.
    ValueError
        If the URL is none that can be read, or another argument is not for URLs.
    """
    parsed = parse_url(url)
    _check_mode(parsed, mode)
    check_order(order)
    skipped = operator.index(offset)
    if is_zarr_url(parsed):
        given = dtype is not None or shape is not None or skipped != 0 or order != "C"
        _check_zarr(parsed, given or cache is not None)
        return open_zarr_url(parsed, key)
    _check_key(parsed, key)
    identity, first = look_at(parsed, FIRST_BYTES)
    if dtype is None:
        layout = _described(parsed, identity, first, shape, skipped, order)
    else:
        layout = _raw(parsed, identity, first, dtype, shape, skipped, order)
    lengths, kind, laid, begin = layout
    folder = None if cache is None else Path(cache).absolute()
    return LazyArray(ObjectSource(parsed.text, identity, begin, folder), lengths, kind, laid)


Layout = tuple[tuple[int, ...], Any, Literal["C", "F"], int]


def _check_mode(url: Url, mode: str) -> None:
    if mode != "r":
        message = (
            f"mode is {mode!r}, and {url} is a URL: expected 'r', since nothing is written there. "
            "Read it, np.asarray(x), for an array that can be written."
        )
        raise ValueError(message)


def _check_key(url: Url, key: str | None) -> None:
    if key is not None:
        message = (
            f"key is {key!r}, and {url} is a URL: expected none, since a .npy file and raw values "
            "have no names. Leave it out."
        )
        raise ValueError(message)


def _check_zarr(url: Url, given: bool) -> None:  # noqa: FBT001
    if given:
        message = (
            f"{url} is a zarr store, whose metadata give dtype and shape, and whose chunks are "
            "objects of their own: expected neither dtype=, shape=, offset= nor order=, and no "
            "cache=. Leave them out."
        )
        raise ValueError(message)


def _raw(
    url: Url,
    identity: Identity,
    first: bytes,
    dtype: npt.DTypeLike,
    shape: Any,
    skipped: int,
    order: Literal["C", "F"],
) -> Layout:
    if skipped == 0 and is_npy(first):
        message = (
            f"{url} begins as .npy files do, so dtype= would read its header as data. Leave out "
            "dtype= to open what it holds, or pass offset= to say where the data begins."
        )
        raise UnknownFormat(message)
    lengths, kind = raw_layout(str(url), identity.size, dtype, shape, skipped)
    return lengths, kind, order, skipped


def _described(
    url: Url, identity: Identity, first: bytes, shape: Any, skipped: int, order: str
) -> Layout:
    if not is_npy(first):
        raise _no_npy(url, first)
    if shape is not None or skipped != 0 or order != "C":
        message = (
            f"{url} is an .npy file, whose header gives the shape and the offset: expected neither "
            "shape= nor offset= nor order=. Leave them out, or add dtype= to open the file raw."
        )
        raise ValueError(message)
    header, begin = read_header(first, 0, identity.size, str(url))
    return header.shape, header.dtype, "F" if header.fortran_order else "C", begin


def _no_npy(url: Url, first: bytes) -> UnknownFormat:
    text = first[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head", b"<script")):
        what = (
            "is a web page, not an array. Expected the address of the file itself: it may need a "
            "signature, or stand on that page as a link to download."
        )
    else:
        known = format_of_bytes(first, Path(url.key))
        if known is None:
            what = (
                "does not begin as a .npy file does, so its format is unknown. To open it as raw "
                "numbers, pass dtype=, and shape= for more than one axis: for example "
                "dtype='float32', shape=(-1, 28, 28)."
            )
        else:
            what = (
                f"is an .{known} file, which is not read from afar: expected a .npy file, or raw "
                "values with dtype=. Download it and open the file, or save its arrays by np.save."
            )
    return UnknownFormat(f"{url} {what}")
