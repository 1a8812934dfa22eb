"""Zarr stores behind URLs: chunks are fetched by obstore, and decoded by zarr.

A server answers alike for a chunk that was never written and for a store that is gone. So where one
is missing, and every now and then, the metadata are asked for again: their version is the array's.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

from samebytes.errors import FileError, RemoteError
from samebytes.memory.files.zarr import ZarrSource, arrays_of, choose, import_zarr, lazy_array_of
from samebytes.memory.lazy import LazyArray
from samebytes.memory.remote.identity import Identity
from samebytes.memory.remote.remote_object import look_at, refuse_forked
from samebytes.memory.remote.stores import PATIENT, QUICK, store_of
from samebytes.memory.text import shortened
from samebytes.memory.urls import Url, parse_url

__all__ = ["is_zarr_url", "open_zarr_url"]

METADATA = ("zarr.json", ".zarray", ".zgroup")
"""Objects of which a store, and each array in it, has one: of version 3, or of version 2."""

LOOK_SECONDS = 1.0
"""How often the metadata are asked for while chunks are read: a request for about a hundred."""


class RemoteZarrSource(ZarrSource):
    """Chunks of a zarr array behind a URL.

    Parameters
    ----------
    array : zarr.Array
        Open.
    name : str
        Of the store and the array, for errors.
    url : Url
        The array's metadata.
    version : Identity
        Which version of them it was made from.
    """

    # A request takes 20 ms where a disk takes 0.1, so more of them are under way.
    threads: ClassVar[int] = 16

    def __init__(self, array: Any, name: str, url: Url, version: Identity) -> None:
        super().__init__(array, name)
        self._url, self._version = url, version
        self._looked = 0.0

    def _begin(self) -> None:
        """Refuse to go on in a forked child, where nobody would answer."""
        refuse_forked(self._url)

    def _check_there(self) -> None:
        """Refuse an array that is no longer the one that was opened."""
        now, missing = time.monotonic(), _missing(self._array)
        if now - self._looked < LOOK_SECONDS and not missing:
            return
        found, _ = look_at(self._url, 1, tries=PATIENT)
        if not found.same_as(self._version):
            message = (
                f"{self.name} was replaced after it was opened: expected it to stay ({found}, "
                f"opened with {self._version}). Open it again, and have writers write a new store."
            )
            raise FileError(message)
        self._looked = now


def is_zarr_url(url: Url) -> bool:
    """Return whether a URL names a zarr store, or an array in one: by its name alone.

    Examples
    --------
    >>> is_zarr_url(parse_url("s3://bucket/x.zarr/train")), is_zarr_url(parse_url("s3://b/x.npy"))
    (True, False)
    """
    return any(part.endswith(".zarr") for part in url.key.split("/"))


def open_zarr_url(url: Url, key: str | None = None) -> LazyArray | dict[str, LazyArray]:
    """Return the array of a store behind a URL, or the arrays of a group; reads no data.

    Raises
    ------
    MissingPackage
        If zarr or obstore is not installed.
    ValueError
        If the URL has a query: it would be that of one object, and a store has many.
    FileError
        If there is no store that zarr can open, or no array of that name.
    """
    if url.query:
        message = (
            f"{url} has a query, which signs or chooses one object, and a zarr store consists of "
            "many: expected a URL without one. Use s3:// or gs://, whose credentials come from the "
            "environment."
        )
        raise ValueError(message)
    zarr = import_zarr(url)
    text = url.text.rstrip("/") + (f"/{key.strip('/')}" if key else "")
    where = parse_url(text)
    metadata = _metadata_of(where)
    store, folder = store_of(where, tries=QUICK)
    try:
        found = zarr.open(_noting(zarr, store), path=folder.strip("/"), mode="r")
        arrays = _members(where, found)
    except FileError:
        raise
    except Exception as error:
        message = (
            f"{where} looks like a zarr store, but zarr cannot open it ({type(error).__name__}: "
            f"{shortened(str(error))}). It is damaged, or still being written: write it again."
        )
        raise FileError(message) from error
    if key is not None and list(arrays) != [""]:
        return choose(arrays, str(url), key)
    opened = {name: _lazy(where, name, each, metadata) for name, each in arrays.items()}
    return opened[""] if list(opened) == [""] else opened


def _lazy(store: Url, name: str, array: Any, metadata: tuple[Url, Identity]) -> LazyArray:
    said = f"{store}, array {name!r}" if name else str(store)
    where, version = metadata
    if name:
        where, version = _metadata_of(parse_url(f"{store.text.rstrip('/')}/{name}"))
    checked = lazy_array_of(array, said)
    source = RemoteZarrSource(array, said, where, version)
    return LazyArray(source, checked.shape, checked.dtype)


def _metadata_of(folder: Url) -> tuple[Url, Identity]:
    """Return the URL and the version of a folder's metadata.

    Raises
    ------
    RemoteError
        If it has none, or they may not be read.
    """
    refused: RemoteError | None = None
    for name in METADATA:
        where = parse_url(f"{folder.text.rstrip('/')}/{name}")
        try:
            return where, look_at(where, 1)[0]
        except RemoteError as error:
            refused = refused or error
    message = (
        f"{folder} is named like a zarr store, but has neither {' nor '.join(METADATA)}, or they "
        f"may not be read: {refused}"
    )
    raise RemoteError(message)


def _members(where: Url, found: Any) -> dict[str, Any]:
    try:
        return arrays_of(found)
    except NotImplementedError as error:
        raise _unlisted(where) from error
    except Exception as error:
        if where.on_web:  # servers of the web tell nobody what they have
            raise _unlisted(where) from error
        raise


def _unlisted(where: Url) -> FileError:
    return FileError(
        f"{where} is a zarr group, and a web server does not say which arrays it has: expected "
        "key= with the path of one, or metadata that list them (zarr.consolidate_metadata)."
    )


def _missing(array: Any) -> bool:
    """Return whether a chunk was missing since this was last asked, and forget it."""
    store = array.store
    missing, store.missing = bool(store.missing), False
    return missing


def _noting(zarr: Any, store: Any) -> Any:
    """Return a store of zarr's on one of obstore's, which notes when something is not there."""
    from samebytes.memory.remote.noting_store import NotingStore

    return NotingStore(zarr.storage.ObjectStore(store, read_only=True))
