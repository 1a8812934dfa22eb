"""One version of an object behind a URL, of which any ranges can be fetched.

Every answer is of that version: the request says which (``If-Match``), and where a server does not
compare, the answer is. What comes has the right length, or nothing is handed over.
"""

from __future__ import annotations

import operator
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from samebytes.errors import RemoteError
from samebytes.memory.remote.failures import CHANGED, EMPTY, NAMELESS, NO_RANGES, came_short
from samebytes.memory.remote.identity import Identity
from samebytes.memory.remote.requests import Requests
from samebytes.memory.remote.stores import PATIENT, QUICK
from samebytes.memory.urls import Url

__all__ = ["RemoteObject", "look_at", "refuse_forked"]

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
        self._requests = Requests(url, PATIENT)
        self._of_version = Requests(url, PATIENT, identity.strong_tag)
        self._asking = threading.Lock()
        self._compares: bool | None = None

    def fetch(self, starts: list[int], sizes: list[int]) -> list[Any]:
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
        found = None
        if apart and self._server_compares():
            found = self._of_version.get_many(starts, sizes)
        return self._fetch_one_by_one(starts, sizes) if found is None else found

    def _fetch_one_by_one(self, starts: list[int], sizes: list[int]) -> list[Any]:
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
            identity, body, failed = self._requests.get(start, stop, self.identity.strong_tag)
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
                exact = self.identity.strong_tag is not None
                self._compares = exact and self._requests.get(0, 1, _NOT_THE_TAG)[2] is CHANGED
            return self._compares


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
    requests = Requests(url, tries)
    identity, body, failed = requests.get(0, nbytes)
    if failed is NO_RANGES and requests.is_empty():
        failed = EMPTY
    if failed is None and identity is not None:
        wanted = min(nbytes, identity.size)
        if not identity.tells:
            failed = NAMELESS
        elif len(body) != wanted:
            failed = came_short(wanted, len(body))
    if failed is not None or identity is None:
        raise (failed or CHANGED).error(url, 0, nbytes)
    return identity, bytes(body)


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
