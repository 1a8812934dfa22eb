"""Chunks that were decoded, as long as they may be needed again."""

from __future__ import annotations

import threading
import weakref
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from samebytes.memory.available import available_memory

__all__ = ["ChunkCache", "room_for_chunks"]

Decode = Callable[[], npt.NDArray[Any]]

SHARE = 3
"""Of the memory there is, decoded chunks take at most one in so many bytes."""

DECODING_SHARE = 4
"""Of that again, what is being decoded at a time may take one in so many bytes more."""

COPIES = 2
"""Of a chunk that is being decoded: a decoder writes one, and the library a copy of it."""

UNKNOWN_BYTES = 1 << 30
"""What they take where nobody says how much memory there is."""

_open: weakref.WeakSet[ChunkCache] = weakref.WeakSet()
"""All that are in use: iterators side by side share the memory there is."""


def room_for_chunks() -> int:
    """Return how many bytes of decoded chunks are kept by all caches together."""
    memory = available_memory(swap=False)
    return UNKNOWN_BYTES if memory is None else memory // SHARE


@dataclass
class _Chunk:
    """A chunk that is being decoded, or was."""

    values: npt.NDArray[Any] | None = None
    failure: BaseException | None = None
    decoded: threading.Event = field(default_factory=threading.Event)


class ChunkCache:
    """The chunks that were used last, each decoded once, whoever asks first.

    Parameters
    ----------
    room : int, optional
        Bytes that are kept; by default a share of the memory there is, which caches that are in use
        at the same time divide among them.
    """

    def __init__(self, room: int | None = None) -> None:
        self._room, self._shared = room, 0
        if room is None:
            self._shared = room_for_chunks()
            _open.add(self)
        self._chunks: OrderedDict[Hashable, _Chunk] = OrderedDict()
        self._wanted: Counter[Hashable] = Counter()
        self._reserved: Counter[Hashable] = Counter()
        self._nbytes = self._decoding = 0
        self._lock = threading.Lock()
        self._less_is_decoded = threading.Condition(self._lock)

    @property
    def nbytes(self) -> int:
        """Bytes of the chunks that are kept."""
        return self._nbytes

    @property
    def _most(self) -> int:
        """Bytes that are kept."""
        return self._shared // max(len(_open), 1) if self._room is None else self._room

    def announce(self, names: Iterable[Hashable]) -> dict[Hashable, npt.NDArray[Any]]:
        """Return those of these chunks that are here; the others will be asked for once more.

        What will be asked for is let go last.
        """
        found: dict[Hashable, npt.NDArray[Any]] = {}
        with self._lock:
            for name in names:
                chunk = self._chunks.get(name)
                if chunk is None or chunk.values is None:
                    self._wanted[name] += 1
                else:
                    found[name] = chunk.values
                    self._chunks.move_to_end(name)
        return found

    def reserve(self, names: Iterable[Hashable], nbytes: int) -> bool:
        """Return whether there is room to hold these chunks until `let_go`, of `nbytes` each.

        What a block reads where it is kept stays while the block does: in random order that would
        be a whole chunk for each of its samples.
        """
        with self._lock:
            more = [name for name in names if name not in self._reserved]
            if (len(self._reserved) + len(more)) * nbytes > self._most:
                return False
            self._reserved.update(names)
            return True

    def let_go(self, names: Iterable[Hashable]) -> None:
        """Note that a block that held these chunks is made."""
        with self._lock:
            self._reserved.subtract(names)
            for name in names:
                if self._reserved[name] <= 0:
                    del self._reserved[name]

    def get(self, name: Hashable, nbytes: int, decode: Decode) -> npt.NDArray[Any]:
        """Return a chunk, which stays as it is while it is held; waits while another decodes it.

        Parameters
        ----------
        name : hashable
            Which chunk, of which array.
        nbytes : int
            Its size, about: how many are decoded at a time depends on it.
        decode : callable
            Returns it; called for different chunks at a time.

        Raises
        ------
        Exception
            What decoding raises, to all who wait for it; the next one tries again.
        """
        with self._lock:
            self._wanted[name] -= 1
            if self._wanted[name] <= 0:
                del self._wanted[name]
            chunk = self._chunks.get(name)
            first = chunk is None
            if chunk is None:
                chunk = self._chunks[name] = _Chunk()
            self._chunks.move_to_end(name)
        if first:
            self._fill(name, chunk, COPIES * nbytes, decode)
        else:
            chunk.decoded.wait()
        if chunk.values is None:
            raise chunk.failure or RuntimeError(name)
        return chunk.values

    def _fill(self, name: Hashable, chunk: _Chunk, needed: int, decode: Decode) -> None:
        with self._lock:
            while self._decoding and self._decoding + needed > self._most // DECODING_SHARE:
                self._less_is_decoded.wait()
            self._decoding += needed
        try:
            chunk.values = decode()
        except BaseException as failure:  # noqa: BLE001 (raised by `get`, to all who wait)
            chunk.failure = failure
        with self._lock:
            self._decoding -= needed
            self._less_is_decoded.notify_all()
            if self._chunks.get(name) is chunk:
                if chunk.values is None:
                    del self._chunks[name]
                else:
                    self._nbytes += chunk.values.nbytes
                    self._make_room()
        chunk.decoded.set()

    def _make_room(self) -> None:
        """Let go of those that were not used for longest, and of those that are wanted last.

        The latest stays, whatever its size.
        """
        room = self._most
        for wanted in (False, True):
            if self._nbytes <= room:
                return
            for name, chunk in tuple(self._chunks.items()):
                if self._nbytes <= room or len(self._chunks) == 1:
                    return
                if chunk.values is not None and (name in self._wanted) == wanted:
                    del self._chunks[name]
                    self._nbytes -= chunk.values.nbytes

    def clear(self) -> None:
        """Let go of all."""
        _open.discard(self)
        with self._lock:
            self._chunks.clear()
            self._wanted.clear()
            self._nbytes = 0
