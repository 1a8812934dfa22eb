"""One version of an object behind a URL, of which any ranges can be fetched.

Every answer is of that version: the request says which (``If-Match``), and where a server does not
compare, the answer is. What comes has the right length, or nothing is handed over.
"""

from __future__ import annotations

import operator
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from samebytes.errors import RemoteError
from samebytes.memory.remote.failures import (
    CHANGED,
    EMPTY,
    NO_RANGES,
    Failure,
    came_short,
    failure_of,
)
from samebytes.memory.remote.identity import Identity, identity_of
from samebytes.memory.remote.stores import QUICK, import_obstore, store_of
from samebytes.memory.urls import Url

__all__ = ["RemoteObject", "look_at"]

TRIES = 3
"""Times that a range is fetched, where an answer began and then broke off or fell short; obstore
itself tries again what brings no answer."""

FIRST_PAUSE_SECONDS = 0.1
"""Pause before the second try; it doubles from there."""

AT_A_TIME = 10
"""Requests in flight for one call, where they are made one by one: as many as obstore makes."""

_NOT_THE_TAG = '"samebytes asks whether this is compared"'

_first_asked: list[int] = []
"""The process that asked first: what asks lives in threads, which no fork brings along."""


class RemoteObject:
    """Fetches ranges of one version of an object, from any thread.

    Parameters
    ----------
    url : Url
        Where it lies.
    identity : Identity
        Which version.
    """

    def __init__(self, url: Url, identity: Identity) -> None:
        self.url = url
        self.identity = identity
        self._obstore = import_obstore(url)
        self._asking = threading.Lock()
        self._path = "" if url.on_web else url.key
        self._comparing: Any = None
        self._compares: bool | None = None

    @cached_property
    def _store(self) -> Any:
        return store_of(self.url)[0]

    def fetch(self, starts: Sequence[int], sizes: Sequence[int]) -> list[Any]:
        """Return the bytes of some ranges, each as a buffer; always copies them from afar.

        Raises
        ------
        WrongSize
            If fewer or more bytes come than were asked for.
        RemoteError
            If they cannot be had, or the object is no longer the same version.
        """
        refuse_forked(self.url)
        stops = map(operator.add, starts, sizes)
        # Ranges that touch are parts of a long one, which obstore would ask for as one again.
        apart = all(stop != start for stop, start in zip(stops, starts[1:], strict=False))
        if apart and self._server_compares():
            found = self._fetch_at_once(starts, sizes)
            if found is not None:
                return found
        return self._fetch_one_by_one(starts, sizes)

    def _fetch_at_once(self, starts: Sequence[int], sizes: Sequence[int]) -> list[Any] | None:
        """Return the ranges by one call that asks for many at a time, None if any is not right."""
        try:
            found: list[Any] = self._obstore.get_ranges(
                self._comparing, self._path, starts=starts, lengths=sizes, coalesce=0
            )
        except Exception:  # noqa: BLE001 (asked for again, which tells which range it is, and why)
            return None
        right = all(len(each) == size for each, size in zip(found, sizes, strict=True))
        return found if right else None

    def _fetch_one_by_one(self, starts: Sequence[int], sizes: Sequence[int]) -> list[Any]:
        if len(starts) == 1:
            return [self._fetch_one(starts[0], sizes[0])]
        with ThreadPoolExecutor(min(AT_A_TIME, len(starts))) as pool:
            coming = [
                pool.submit(self._fetch_one, *each) for each in zip(starts, sizes, strict=True)
            ]
            try:
                return [each.result() for each in coming]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _fetch_one(self, start: int, size: int) -> Any:
        stop, failure = start + size, CHANGED
        for number in range(TRIES):
            if number:
                time.sleep(FIRST_PAUSE_SECONDS * 2 ** (number - 1))
            identity, body, failed = get(
                self._store, self._path, self.url, start, stop, self.identity.strong_tag
            )
            if failed is not None:
                failure = failed
            elif identity is not None and not self.identity.same_as(identity):
                failure = CHANGED
            elif len(body) != size:
                failure = came_short(size, len(body))
            else:
                return body
            if not failure.passing:
                break
        raise failure.error(self.url, start, stop)

    def _server_compares(self) -> bool:
        """Return whether the server refuses a request for another version, which is asked once."""
        if self._compares is not None:
            return self._compares
        with self._asking:
            if self._compares is None:
                tag = self.identity.strong_tag
                compares = tag is not None and self._refuses_another()
                if compares and tag is not None:
                    self._comparing, _ = store_of(self.url, headers={"If-Match": tag})
                self._compares = compares
            return self._compares

    def _refuses_another(self) -> bool:
        _, _, failed = get(self._store, self._path, self.url, 0, 1, _NOT_THE_TAG)
        return failed is CHANGED


def look_at(url: Url, nbytes: int, *, tries: int = QUICK) -> tuple[Identity, bytes]:
    """Return which version of an object there is, and its first bytes; copies those.

    One request, of the kind that a signed URL allows: not a HEAD.

    Raises
    ------
    RemoteError
        If there is none, or the server does not say how large it is or which version.
    WrongSize
        If it is empty.
    """
    refuse_forked(url)
    store, path = store_of(url, tries=tries)
    identity, body, failed = get(store, path, url, 0, nbytes, None)
    if failed is NO_RANGES and _is_empty(store, path, url):
        failed = EMPTY
    if failed is None and identity is not None and not identity.tells:
        failed = Failure(
            "came without an ETag or a time, so another version could not be told from this one",
            "Expected a server that says either. Download it, and open the file.",
        )
    if failed is None and identity is not None:
        wanted = min(nbytes, identity.size)
        if len(body) != wanted:
            failed = came_short(wanted, len(body))
    if failed is not None or identity is None:
        raise (failed or CHANGED).error(url, 0, nbytes)
    return identity, bytes(body)


def _is_empty(store: Any, path: str, url: Url) -> bool:
    """Return whether there is an object without bytes: no range of it can be asked for."""
    try:
        return int(import_obstore(url).get(store, path).meta["size"]) == 0
    except Exception:  # noqa: BLE001 (told by the request for a range already)
        return False


def get(
    store: Any, path: str, url: Url, start: int, stop: int, tag: str | None
) -> tuple[Identity | None, Any, Failure | None]:
    """Return what one request brings: the version, the bytes, and what went wrong.

    An error is returned and not raised, so that it holds no other whose text shows the URL.
    """
    options: dict[str, Any] = {"range": (start, stop)}
    if tag is not None:
        options["if_match"] = tag
    try:
        found = import_obstore(url).get(store, path, options=options)
        return identity_of(found.meta), found.bytes(), None
    except Exception as error:  # noqa: BLE001 (obstore raises nearly anything)
        return None, b"", failure_of(error, url)


def refuse_forked(url: Url) -> None:
    """Refuse to ask in a process that was forked from one that had asked: it would wait forever.

    Raises
    ------
    RemoteError
        If it was.
    """
    if not _first_asked:
        _first_asked.append(os.getpid())
    if _first_asked[0] != os.getpid():
        message = (
            f"{url} cannot be read in a process that was forked from one that has read a URL: "
            "expected the first, or a fresh one. Start processes by 'spawn' or 'forkserver': "
            "multiprocessing.get_context('spawn')."
        )
        raise RemoteError(message)
