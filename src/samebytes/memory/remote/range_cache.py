"""Bytes of an object that were fetched, kept on a disk of this machine.

What is marked as there is there: a mark is set only after its bytes were written, and gets to the
file only after the disk said that it has them. So neither a process that is killed nor a power cut
leaves marks for bytes that are not there; at worst some are fetched again.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import threading
import time
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from samebytes.errors import WrongSize
from samebytes.memory.raw_memory import view_of_address
from samebytes.memory.remote.cache_file import HEAD_BYTES, first_byte_at, open_cache_file
from samebytes.memory.remote.granules import (
    Bits,
    Offsets,
    bits_for,
    mark,
    missing_runs,
    whole_granules,
)
from samebytes.memory.remote.identity import Identity
from samebytes.memory.urls import Url

__all__ = ["RangeCache"]

FLUSH_BYTES = 64 << 20
"""Bytes after which marks are written: as many as a disk takes in about a tenth of a second."""

FLUSH_SECONDS = 1.0
"""Seconds after which they are, too: what a process that is killed has to fetch again at most."""

LOOK_SECONDS = 1.0
"""How often the marks of other processes are looked at."""

_flush_to_disk = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class RangeCache:
    """The part of an object that is on disk, for any number of threads and processes.

    Parameters
    ----------
    folder : Path
        Where cache files are; made if it is not there.
    url : Url
        The object.
    identity : Identity
        Its version.

    Attributes
    ----------
    path : Path
        The cache file.
    lost : int
        How often bytes turned out not to have reached the disk, and may be gone from memory too.
    """

    def __init__(self, folder: Path, url: Url, identity: Identity) -> None:
        self._file, self.path = open_cache_file(folder, url, identity)
        self._size = identity.size
        self._begin = first_byte_at(identity.size)
        self._there = bits_for(identity.size)
        self._unsaved = bits_for(identity.size)
        self._unsaved_bytes = 0
        self._marking, self._saving = threading.Lock(), threading.Lock()
        self._saved = self._looked = time.monotonic()
        self._full = False
        self.lost = 0
        self._look()
        _open_caches.add(self)

    def missing(self, starts: Offsets, stops: Offsets, gap: int) -> tuple[Offsets, Offsets]:
        """Return what is to be fetched and written before some ranges can be read.

        Parameters
        ----------
        starts, stops : ndarray of int64
            Ranges of the object, none empty.
        gap : int
            What is missing at most so many bytes apart is returned as one.
        """
        found = missing_runs(self._there, starts, stops, self._size, gap)
        if len(found[0]) and time.monotonic() - self._looked > LOOK_SECONDS:
            self._look()
            found = missing_runs(self._there, starts, stops, self._size, gap)
        return found

    @property
    def takes_more(self) -> bool:
        """Whether the disk has taken all so far."""
        return not self._full

    def write(self, start: int, buffer: Any) -> bool:
        """Keep bytes from some place on, and return whether it was done; not on a full disk."""
        view = memoryview(buffer).cast("B")
        stop = start + len(view)
        try:
            done = 0
            while done < len(view):
                done += os.pwrite(self._file, view[done:], self._begin + start + done)
        except OSError as refused:
            self._give_up(refused)
            return False
        first, behind = whole_granules(start, stop, self._size)
        with self._marking:
            mark(self._there, first, behind)
            mark(self._unsaved, first, behind)
            self._unsaved_bytes += len(view)
        waited = time.monotonic() - self._saved
        if self._unsaved_bytes >= FLUSH_BYTES or waited >= FLUSH_SECONDS:
            self.save(wait=False)
        return True

    def read(self, starts: Offsets, targets: Offsets, sizes: Offsets) -> None:
        """Read ranges that are all there into memory; always copies.

        Raises
        ------
        WrongSize
            If the cache file was cut short.
        OSError
            As the system says it.
        """
        ranges = starts.tolist(), targets.tolist(), sizes.tolist()
        for start, target, size in zip(*ranges, strict=True):
            done = 0
            while done < size:
                rest = view_of_address(target + done, size - done)
                found = os.preadv(self._file, [rest], self._begin + start + done)
                if not found:
                    message = (
                        f"{self.path} was cut short while it was in use: expected "
                        f"{self._begin + self._size:,} bytes. Delete it, and open the URL again."
                    )
                    raise WrongSize(message)
                done += found

    def save(self, *, wait: bool = True) -> None:
        """Write marks to the file, once the bytes that they speak of have reached the disk."""
        if not self._saving.acquire(blocking=wait):
            return  # another thread is at it
        try:
            with self._marking:
                if not self._unsaved_bytes:
                    return
                unsaved, self._unsaved = self._unsaved, bits_for(self._size)
                self._unsaved_bytes = 0
            self._saved = time.monotonic()
            try:
                _flush_to_disk(self._file)
                self._add_to_file(unsaved)
            except OSError as refused:
                # Not known to be on the disk, and perhaps no longer in memory: as if never there.
                self.lost += 1
                with self._marking:
                    self._there &= ~(unsaved | self._unsaved)
                    self._unsaved[:] = 0
                self._give_up(refused)
        finally:
            self._saving.release()

    def close(self) -> None:
        """Save, and close the file; may be called twice."""
        file = self.__dict__.get("_file", -1)
        if file >= 0:
            self.save()
            self._file = -1
            os.close(file)

    def __del__(self) -> None:
        """Save what is not saved yet."""
        with contextlib.suppress(OSError):
            self.close()

    def _look(self) -> None:
        """Take over the marks in the file, which other processes may have written."""
        self._looked = time.monotonic()
        found = np.frombuffer(os.pread(self._file, len(self._there), HEAD_BYTES), np.uint8)
        with self._marking:
            self._there[: len(found)] |= found

    def _add_to_file(self, bits: Bits) -> None:
        """Set bits in the file, where other processes set theirs."""
        used = np.flatnonzero(bits)
        low, high = int(used[0]), int(used[-1]) + 1
        with self._locked():
            there = np.frombuffer(os.pread(self._file, high - low, HEAD_BYTES + low), np.uint8)
            os.pwrite(
                self._file, (there | bits[low : low + len(there)]).tobytes(), HEAD_BYTES + low
            )

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock that keeps processes from undoing each other's marks."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _give_up(self, refused: OSError) -> None:
        """Keep nothing more, and say so once."""
        if not self._full:
            self._full = True
            message = (
                f"{self.path} cannot take more ({refused.strerror}): what is not in it is fetched "
                "again each time. Make room, or choose another folder by cache=."
            )
            warnings.warn(message, RuntimeWarning, stacklevel=2)


_open_caches: weakref.WeakSet[RangeCache] = weakref.WeakSet()


@atexit.register
def _save_all() -> None:
    for cache in list(_open_caches):
        with contextlib.suppress(OSError):
            cache.save()
