"""Chunks that were decoded, as long as they may be needed again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from samebytes.memory.available import available_memory

__all__ = ["ChunkCache", "room_for_chunks"]

Decode = Callable[[int], npt.NDArray[Any]]

SHARE = 4
"""Of the memory there is, decoded chunks take at most one in so many bytes."""

UNKNOWN_BYTES = 1 << 30
"""What they take where nobody says how much memory there is."""


def room_for_chunks() -> int:
    """Return how many bytes of decoded chunks are kept."""
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
    decode : callable
        Returns a chunk by its number; called from any thread, for different chunks at a time.
    room : int, optional
        Bytes that are kept; by default a share of the memory there is.
    """

    def __init__(self, decode: Decode, room: int | None = None) -> None:
        self._decode = decode
        self._room = room_for_chunks() if room is None else room
        self._chunks: OrderedDict[int, _Chunk] = OrderedDict()
        self._nbytes = 0
        self._lock = threading.Lock()

    def get(self, number: int) -> npt.NDArray[Any]:
        """Return a chunk, which stays as it is while it is held; waits while another decodes it.

        Raises
        ------
        Exception
            What decoding raises, to all who wait for it; the next one tries again.
        """
        with self._lock:
            chunk = self._chunks.get(number)
            first = chunk is None
            if chunk is None:
                chunk = self._chunks[number] = _Chunk()
            self._chunks.move_to_end(number)
        if first:
            self._fill(number, chunk)
        else:
            chunk.decoded.wait()
        if chunk.values is None:
            raise chunk.failure or RuntimeError(number)
        return chunk.values

    def _fill(self, number: int, chunk: _Chunk) -> None:
        try:
            chunk.values = self._decode(number)
        except BaseException as failure:  # noqa: BLE001 (raised by `get`, to all who wait)
            chunk.failure = failure
        with self._lock:
            if self._chunks.get(number) is chunk:
                if chunk.values is None:
                    del self._chunks[number]
                else:
                    self._nbytes += chunk.values.nbytes
                    self._make_room()
        chunk.decoded.set()

    def _make_room(self) -> None:
        """Let go of those that were not used for longest; the latest stays, whatever its size."""
        for number, chunk in tuple(self._chunks.items()):
            if self._nbytes <= self._room or len(self._chunks) == 1:
                return
            if chunk.values is not None:
                del self._chunks[number]
                self._nbytes -= chunk.values.nbytes

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            self._chunks.clear()
            self._nbytes = 0
