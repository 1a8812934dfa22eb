"""An array behind a URL, as bytes that are fetched when they are asked for, by many requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from samebytes.errors import FileError, RemoteError
from samebytes.memory.lazy import ByteSource
from samebytes.memory.raw_memory import copy_to_address
from samebytes.memory.remote.granules import Offsets
from samebytes.memory.remote.identity import Identity
from samebytes.memory.remote.range_cache import RangeCache
from samebytes.memory.remote.remote_object import RemoteObject, look_at
from samebytes.memory.remote.stores import PATIENT
from samebytes.memory.urls import parse_url

__all__ = ["ObjectSource"]

PIECE_BYTES = 4 << 20
"""The most that one request asks for: large enough that its latency (some 30 ms at 100 MB/s, 3 MB)
is no longer the greater part, small enough that ten of them share out a large row."""

GROUP_BYTES = 32 << 20
"""The most that is in flight for one call, which is memory beside the caller's."""

GROUP_REQUESTS = 1024
"""The most requests that are handed to obstore at once."""


class ObjectSource(ByteSource):
    """Fetches ranges of one version of an object, through a cache on disk if there is one.

    In a pickle it is its URL and the version; what has a query, which may hold a signature, is
    refused there.

    Parameters
    ----------
    url : str
        The object.
    identity : Identity
        Which version of it.
    begin : int
        Where in the object the array's first byte lies.
    cache : Path, optional
        Folder of cache files.
    """

    # Each thread has a call under way, and each call up to ten requests: of rows of 400 kB, all ten
    # in 4 MiB. From a server that takes 20 ms, 80 in flight brought 460 MB/s, 20 brought 250; from
    # one on this machine, 16 threads brought less than 8, for so many buffers leave its caches.
    threads: ClassVar[int] = 8
    task_bytes: ClassVar[int] = 4 << 20
    # A request takes as long as 80 kB on this machine (60 us), and as 300 kB at 10 Gb/s with 80 in
    # flight at 20 ms.
    gap_bytes: ClassVar[int] = 128 << 10

    def __init__(self, url: str, identity: Identity, begin: int, cache: Path | None = None) -> None:
        self._url = parse_url(url)
        self.name = self._url.shown
        self._identity, self._begin = identity, begin
        self._folder = cache
        self._object = RemoteObject(self._url, identity)
        self._cache = None if cache is None else RangeCache(cache, self._url, identity)

    def read(self, starts: Offsets, targets: Offsets, sizes: Offsets) -> None:
        """Read ranges into memory, all of each; always copies, from the cache what is there.

        Raises
        ------
        WrongSize
            If an answer, or the cache's file, is too short.
        RemoteError
            If a range cannot be had, or the object was replaced since it was opened.
        """
        some = sizes > 0
        starts, targets, sizes = starts[some] + self._begin, targets[some], sizes[some]
        if not len(starts):
            return
        if self._cache is None or not self._read_cached(self._cache, starts, targets, sizes):
            for starts_now, sizes_now, targets_now in _groups(starts, sizes, targets):
                found = self._object.fetch(starts_now, sizes_now)
                for buffer, target in zip(found, targets_now, strict=True):
                    copy_to_address(buffer, target)

    @property
    def has_buffers(self) -> bool:
        """Whether answers are handed over as they came: they are, unless a cache keeps them."""
        return self._cache is None

    def fetch(self, starts: Offsets, sizes: Offsets) -> list[Any]:
        """Return ranges as the buffers that they came in; errors are those of `read`."""
        found: list[Any] = []
        for starts_now, sizes_now, _ in _groups(starts + self._begin, sizes, sizes):
            found += self._object.fetch(starts_now, sizes_now)
        return found

    def release(self) -> None:
        """Write what the cache has, so that another process finds it."""
        if self._cache is not None:
            self._cache.save()

    def _read_cached(
        self, cache: RangeCache, starts: Offsets, targets: Offsets, sizes: Offsets
    ) -> bool:
        """Fetch into the cache what is not in it, read all from it, and return whether it went."""
        lost = cache.lost
        lows, highs = cache.missing(starts, starts + sizes, self.gap_bytes)
        if len(lows) and not cache.takes_more:
            return False
        for starts_now, sizes_now, _ in _groups(lows, highs - lows, lows):
            found = self._object.fetch(starts_now, sizes_now)
            for start, buffer in zip(starts_now, found, strict=True):
                if not cache.write(start, buffer):
                    return False
        cache.read(starts, targets, sizes)
        return cache.lost == lost

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what it takes to open the same version elsewhere: nothing of it is a secret.

        Raises
        ------
        RemoteError
            If the URL has a query.
        """
        if self._url.query:
            message = (
                f"{self.name} cannot be pickled, because its query may hold a signature, which is "
                "as good as a password: expected a URL without one. Open the URL where it is used, "
                "or use s3:// or gs://, whose credentials come from the environment."
            )
            raise RemoteError(message)
        return _open_again, (self._url.text, self._identity, self._begin, self._folder)


def _open_again(url: str, identity: Identity, begin: int, cache: Path | None) -> ObjectSource:
    """Return the source that was pickled, if its object is still the same.

    Raises
    ------
    FileError
        If it is another version by now.
    """
    found, _ = look_at(parse_url(url), 1, tries=PATIENT)
    if not found.same_as(identity):
        message = (
            f"{parse_url(url)} is another object ({found}) than when it was pickled ({identity}): "
            "it was replaced since. Open it again, and pickle that."
        )
        raise FileError(message)
    return ObjectSource(url, identity, begin, cache)


def _groups(
    starts: Offsets, sizes: Offsets, targets: Offsets
) -> Iterator[tuple[list[int], list[int], list[int]]]:
    """Yield ranges cut into requests, as many at a time as are to be in flight."""
    if int(sizes.max(initial=0)) > PIECE_BYTES:
        starts, sizes, targets = _cut(starts, sizes, targets)
    ends = np.cumsum(sizes)
    low = 0
    while low < len(starts):
        before = int(ends[low - 1]) if low else 0
        high = int(np.searchsorted(ends, before + GROUP_BYTES, "right"))
        high = min(max(high, low + 1), low + GROUP_REQUESTS)
        yield (starts[low:high].tolist(), sizes[low:high].tolist(), targets[low:high].tolist())
        low = high


def _cut(starts: Offsets, sizes: Offsets, targets: Offsets) -> tuple[Offsets, Offsets, Offsets]:
    """Return ranges of which none is longer than a request asks for."""
    counts = -(-sizes // PIECE_BYTES)
    before = np.cumsum(counts) - counts
    inside = (np.arange(int(counts.sum())) - np.repeat(before, counts)) * PIECE_BYTES
    whole = np.repeat(sizes, counts)
    return (
        np.repeat(starts, counts) + inside,
        np.minimum(whole - inside, PIECE_BYTES),
        np.repeat(targets, counts) + inside,
    )
