"""Requests for ranges of an object: what they bring, or in words what went wrong.

A store of obstore shows the whole URL, as do its errors. So stores stay in here, and failures are
returned: nothing that is raised, and no frame that it passes, holds either.
"""

from __future__ import annotations

import threading
from typing import Any

from samebytes.memory.remote.failures import NO_REQUEST, Failure, failure_of
from samebytes.memory.remote.identity import Identity, identity_of
from samebytes.memory.remote.stores import import_obstore, store_of
from samebytes.memory.urls import Url

__all__ = ["Requests"]


class Requests:
    """Asks for ranges of an object, from any thread.

    Parameters
    ----------
    url : Url
        The object.
    tries : int
        How often a request is tried again.
    tag : str, optional
        The ETag that every request asks for.
    """

    def __init__(self, url: Url, tries: int, tag: str | None = None) -> None:
        self._obstore = import_obstore(url)
        self._url, self._tries = url, tries
        self._headers = None if tag is None else {"If-Match": tag}
        self._making = threading.Lock()
        self._made: tuple[Any, str] | None = None

    def get(
        self, start: int, stop: int, tag: str | None = None
    ) -> tuple[Identity | None, Any, Failure | None]:
        """Return what one request brings: the version, the bytes, and what went wrong."""
        options: dict[str, Any] = {"range": (start, stop)}
        if tag is not None:
            options["if_match"] = tag
        store = self._store()
        if store is None:
            return None, b"", NO_REQUEST
        try:
            found = self._obstore.get(*store, options=options)
            return identity_of(found.meta), found.bytes(), None
        except Exception as error:  # noqa: BLE001 (obstore raises nearly anything)
            return None, b"", failure_of(error, self._url)

    def get_many(self, starts: list[int], sizes: list[int]) -> list[Any] | None:
        """Return some ranges, asked for many at a time; None if any of them is not right."""
        store = self._store()
        if store is None:
            return None
        try:
            found: list[Any] = self._obstore.get_ranges(
                *store, starts=starts, lengths=sizes, coalesce=0
            )
        except Exception:  # noqa: BLE001 (asked for again, which tells which range it is, and why)
            return None
        right = all(len(each) == size for each, size in zip(found, sizes, strict=True))
        return found if right else None

    def is_empty(self) -> bool:
        """Return whether there is an object without bytes: no range of it can be asked for."""
        store = self._store()
        try:
            return store is not None and int(self._obstore.get(*store).meta["size"]) == 0
        except Exception:  # noqa: BLE001 (told by the request for a range already)
            return False

    def _store(self) -> tuple[Any, str] | None:
        """Return the store and the path in it, None if obstore cannot read the URL."""
        with self._making:
            if self._made is None:
                try:
                    self._made = store_of(self._url, headers=self._headers, tries=self._tries)
                except Exception:  # noqa: BLE001 (whose text shows the URL)
                    return None
            return self._made
