"""Arrays while something of ours reads them: nobody can take their memory away meanwhile.

Two things could end the process under a reader. The mapping below an array is closed or resized:
so an export of it is held, and both raise BufferError until it is let go. And its file is cut
short: so it is read through an alias, where missing pages are noted and not fatal, and afterwards
`check` refuses what was read. Where no alias can be had, the array's own pages are watched; where
that cannot be had either, the file's size is all there is to ask.
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samebytes.errors import FileError
from samebytes.memory.addresses import address_of, extent_of
from samebytes.memory.files import bus_guard
from samebytes.memory.files.alias import Alias, alias_of
from samebytes.memory.files.origin import Origin, origin_of
from samebytes.memory.lazy import AddressSpace, LazyArray, Source

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Hold", "Region", "held", "readable"]

Addresses = npt.NDArray[np.int64]
_Size = tuple[Callable[[], int], int, Origin]
"""What returns the size of a file, the least size that it must have, and where it comes from."""

MANY = 16
"""From this many files on, `check` looks up which of them were read, and asks only those.

The look-up takes about 10 µs, and asking a file 0.3 µs. With a thousand files, the check of a batch
from a few of them takes 20 µs instead of 300.
"""

_holds: weakref.WeakSet[Hold] = weakref.WeakSet()
_damaged: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()
"""Mappings of which a missing page was replaced where their owner sees it: zeros for ever."""


@dataclass(frozen=True)
class Region:
    """Mapped bytes of a file, where they are read.

    Attributes
    ----------
    address, nbytes : int
        Of the mapping, or of the alias of it that is read instead.
    origin : Origin
        The file.
    alias : Alias, optional
        The alias, if there is one.
    source : Source, optional
        What is read there instead, where these are the addresses of a lazy array.
    """

    address: int
    nbytes: int
    origin: Origin
    alias: Alias | None
    source: Source | None = None

    @property
    def can_be_read(self) -> bool:
        """Whether its bytes are those of a file that can be opened, or a source gives them."""
        return self.source is not None or (
            self.origin.path is not None and not self.origin.is_private
        )

    @property
    def file_offset(self) -> int:
        """Where in the file the mapping begins."""
        return self.origin.mapping_offset


class _Place:
    """Where a mapping lies, and where to read it instead."""

    __slots__ = ("alias", "begin", "nbytes", "origin", "slot")

    def __init__(self, origin: Origin, export: memoryview) -> None:
        self.origin = origin
        self.begin = address_of(np.frombuffer(export, np.uint8))
        self.nbytes = export.nbytes
        self.alias: Alias | None = None
        self.slot: int | None = None

    @property
    def key(self) -> tuple[int, int, int]:
        """What decides where an array in it is read."""
        return self.begin, self.nbytes, id(self.alias)

    @property
    def read_at(self) -> int:
        """The address at which the mapping is read."""
        return self.begin if self.alias is None else self.alias.address

    @property
    def was_missing(self) -> bool:
        """Whether pages were not there when they were read."""
        if self.alias is not None:
            return self.alias.damaged
        return self.slot is not None and bus_guard.was_hit(self.slot)

    def readable(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return an array in this mapping where it is to be read."""
        if array.size == 0:
            return array
        if not _lies_in(array, self.begin, self.nbytes):
            message = (
                f"{self.origin.name} was resized, but an array still shows its bytes, and reading "
                "them would end the process. Resize it first, and then make the array again."
            )
            raise FileError(message)
        if self.alias is None:
            return array
        start = address_of(array) - self.begin
        memory = np.asarray(self.alias)
        found: npt.NDArray[Any] = np.ndarray(
            array.shape, array.dtype, memory, start, strides=array.strides
        )
        return found


class Hold:
    """The memory of some arrays, which stays where it is until `release`.

    Parameters
    ----------
    arrays : sequence of ndarray
        What is going to be read.

    Attributes
    ----------
    has_files : bool
        Whether there are pages that could go missing, and so anything to check.
    is_guarded : bool
        Whether no page that is missing ends the process; else `check` is to be asked beforehand
        as well.

    Raises
    ------
    WrongSize
        If the file of one has been cut short.
    FileError
        If the memory of one is gone already.

    Examples
    --------
    >>> import mmap
    >>> block = mmap.mmap(-1, 4096)
    >>> array = np.ndarray(100, np.uint8, block)
    >>> with Hold([array]):
    ...     block.close()
    Traceback (most recent call last):
    BufferError: cannot close exported pointers exist
    >>> block.close()
    >>> Hold([array])
    Traceback (most recent call last):
    samebytes.errors.FileError: A mapped file, whose name is unknown, was closed, but an array ...
    """

    def __init__(self, arrays: Sequence[npt.NDArray[Any]]) -> None:
        self._arrays = arrays
        self._exports: list[memoryview] = []
        self._places: list[_Place] = []
        self._where: list[_Place | None] = []
        self._sizes: list[_Size] = []
        self._hits = bus_guard.hits()
        self.is_guarded = True
        self.has_files = False
        _holds.add(self)
        try:
            self._take()
        except BaseException:
            self.release()
            raise

    def _take(self) -> None:
        places: dict[int, _Place] = {}
        for array in self._arrays:
            origin = origin_of(array)
            if not isinstance(origin, Origin):
                if origin is not None:
                    self._export(origin, array)
                self._where.append(None)
                continue
            number = id(origin.mapping)
            place = places.get(number)
            if place is None:
                place = places[number] = self._place(origin)
            self._where.append(place)

    def _export(self, owner: Any, array: npt.NDArray[Any]) -> None:
        """Hold memory that its owner can move when it grows."""
        export = memoryview(owner)
        self._exports.append(export)
        begin = address_of(np.frombuffer(export, np.uint8)) if export.nbytes else 0
        if not _lies_in(array, begin, export.nbytes):
            message = (
                f"the {type(owner).__name__} below an array was resized, and the array shows "
                "memory that is gone. Resize it first, and then make the array again."
            )
            raise FileError(message)

    def _place(self, origin: Origin) -> _Place:
        export = memoryview(origin.mapping)
        self._exports.append(export)
        place = _Place(origin, export)
        self._places.append(place)
        if origin.mapping in _damaged:
            raise origin.missing_pages_error()
        if origin.check() is not None:
            self._sizes.append((origin.mapping.size, origin.least, origin))
        elif not origin.has_file:
            return place
        self.has_files = True
        place.alias = alias_of(origin.mapping, place.begin, place.nbytes)
        if place.alias is None:
            end = place.begin + -(-place.nbytes // mmap.PAGESIZE) * mmap.PAGESIZE
            place.slot = bus_guard.watch(place.begin, end, whole=False)
            self.is_guarded = self.is_guarded and place.slot is not None
        return place

    @property
    def keys(self) -> tuple[tuple[int, int, int], ...]:
        """What decides where the arrays are read: the same keys, the same places."""
        return tuple(place.key for place in self._places)

    @property
    def regions(self) -> list[Region]:
        """The mapped files and the lazy arrays, at the addresses where they are read."""
        found = []
        for place in self._places:
            mapping = place.origin.mapping
            source = mapping.source if isinstance(mapping, AddressSpace) else None
            if source is not None or place.origin.has_file:
                where = place.read_at, place.nbytes
                found.append(Region(*where, place.origin, place.alias, source))
        return found

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Return the arrays where they are to be read; never copies.

        Raises
        ------
        FileError
            If the mapping of one has been resized, so that its memory is no longer there.
        """
        both = zip(self._arrays, self._where, strict=True)
        return [array if place is None else place.readable(array) for array, place in both]

    def check(self, read_at: Callable[[], Sequence[Addresses] | None] | None = None) -> None:
        """Refuse what was read since, if a part of it was missing; 0.3 µs a file that was read.

        Parameters
        ----------
        read_at : callable, optional
            Returns arrays of the addresses that were read, or None if they are not known. With it,
            only files that were read are asked, if there are many: the cost of a batch then depends
            on its samples, not on the number of files.

        Raises
        ------
        WrongSize
            If a file was cut short, or is.
        """
        hits = bus_guard.hits()
        if hits != self._hits:
            for place in self._places:
                if place.was_missing:
                    if place.alias is None:
                        _damaged.add(place.origin.mapping)
                    raise place.origin.missing_pages_error()
            self._hits = hits
        # Also of a file whose missing bytes are all in one page: they read as zeros.
        for size, least, origin in self._sizes if read_at is None else self._sizes_of(read_at):
            if size() < least:
                origin.check()

    def _sizes_of(self, read_at: Callable[[], Sequence[Addresses] | None]) -> Sequence[_Size]:
        """Return the files that were read; all of them if a look-up would save nothing."""
        if len(self._sizes) < MANY:
            return self._sizes
        found = read_at()
        if found is None or sum(map(len, found)) > len(self._sizes):
            return self._sizes
        begins, ends, sized = self._ranges
        chosen: set[int] = set()
        for addresses in found:
            which = np.searchsorted(begins, addresses, "right") - 1
            inside = (which >= 0) & (addresses < ends[which])
            chosen.update(np.unique(which[inside]).tolist())
        return [sized[place] for place in chosen]

    @cached_property
    def _ranges(self) -> tuple[Addresses, Addresses, list[_Size]]:
        """Where the files that have a size to ask are read: begins, ends, and what to ask."""
        sizes = {id(each[2]): each for each in self._sizes}
        ranges = sorted(
            (place.read_at, place.read_at + place.nbytes, number)
            for number, place in enumerate(self._places)
            if id(place.origin) in sizes
        )
        begins, ends = (np.array([each[side] for each in ranges], np.int64) for side in (0, 1))
        return begins, ends, [sizes[id(self._places[number].origin)] for *_, number in ranges]

    def release(self) -> None:
        """Let the memory go; may be called twice, and anywhere."""
        for place in self._places:
            slot, place.slot = place.slot, None
            if slot is not None:
                bus_guard.forget(slot)
        for export in self._exports:
            export.release()
        self._exports.clear()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the memory go."""
        self.release()

    def __del__(self) -> None:
        """Let the memory go."""
        self.release()


@contextmanager
def readable(array: npt.ArrayLike | LazyArray) -> Iterator[npt.NDArray[Any] | LazyArray]:
    """Hold one array for a block of code, as `held` does; a lazy array reads itself.

    Yields
    ------
    ndarray or LazyArray
        What can be read in pieces, by slices of its first axis.
    """
    if isinstance(array, LazyArray):
        yield array
        return
    with held(np.asarray(array)) as (found,):
        yield found


@contextmanager
def held(*arrays: npt.NDArray[Any]) -> Iterator[list[npt.NDArray[Any]]]:
    """Hold arrays for a block of code, and refuse what it has read if a part was missing.

    Yields
    ------
    list of ndarray
        The arrays where they are to be read; never copies.

    Raises
    ------
    WrongSize, FileError
        As `Hold` raises them, before the block and behind it.
    """
    with Hold(arrays) as hold:
        yield hold.arrays()
        hold.check()


def _lies_in(array: npt.NDArray[Any], begin: int, nbytes: int) -> bool:
    """Return whether every item of an array lies within some memory."""
    if array.size == 0:
        return True
    low, high = extent_of(array)
    return begin <= low and high <= begin + nbytes


def _release_all() -> None:
    """Let all go in a forked child, where none of the threads that read exists."""
    for hold in tuple(_holds):
        hold.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_all)
