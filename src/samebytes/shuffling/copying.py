"""`shuffled_copy`: the rows of an array in a random order, written once, in bounded memory."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.kernels.rng import permute, positions_of
from samebytes.errors import FileError
from samebytes.memory.available import available_memory
from samebytes.memory.files.durable import flush_folder
from samebytes.memory.text import as_bytes_text, dtype_in_words
from samebytes.plan.arguments import whole_number
from samebytes.plan.seeds import as_seed
from samebytes.share.array import Array
from samebytes.share.creation import open as open_file
from samebytes.shuffling.ahead import ahead
from samebytes.shuffling.position import Position, Task, load_position, save_position
from samebytes.shuffling.progress import Progress
from samebytes.shuffling.rows import Rows, open_rows
from samebytes.shuffling.sizes import Sizes, least_memory, sizes_within
from samebytes.shuffling.writing import header_of, is_locked, read_at, write_at

if TYPE_CHECKING:
    Bytes = npt.NDArray[np.uint8]
    Tell = Callable[[Progress], object]

__all__ = ["shuffled_copy"]

SHARE_OF_MEMORY = 2
"""One part in so many of the memory that is available is used; the system writes and reads ahead in
the rest."""

USUAL_MEMORY = 1 << 30
"""Bytes used where nobody says what is available."""

SECONDS = 20.0
"""So often a position is written: waiting for the disk each time costs less than a hundredth then,
and so much work an interruption costs at most."""


def shuffled_copy(
    source: Any,
    path: str | os.PathLike[str],
    *,
    seed: int = 0,
    memory: int | None = None,
    overwrite: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> Array:
    """Write the rows of `source` in a random order to a ``.npy`` file; copies once or twice.

    The order is that of the first epoch of ``shuffle(seed=seed)``: any of all equally likely, the
    same for every array of as many rows, and whatever the memory. So labels and images that are
    copied one after the other with one seed still belong together.

    The source is read in order and never written to. In memory there is never more than `memory`;
    what does not fit goes through the copy's own file, which for a while is larger by as much.
    Everything then is read twice and written twice, in large pieces.

    The file is there when it is whole, under its own name. Until then ``.NAME.unfinished`` stands
    beside it, and if that is left over from a copy of the same files with the same seed, this one
    goes on where that was interrupted.

    Parameters
    ----------
    source : array, path, or ConcatArray
        Rows along the first axis. A path is opened as `samebytes.open` does.
    path : path
        Of the copy.
    seed : int
        Of the order.
    memory : int, optional
        Bytes to use at most; by default half of what is available.
    overwrite : bool
        Whether to replace a file that is there.
    progress : callable, optional
        Is told how far it is, as a `Progress`.

    Returns
    -------
    Array
        The copy, mapped.

    Raises
    ------
    FileExistsError
        If there is a file at `path`, unless it is to be replaced.
    WrongSize, FileError
        If a file of the source is cut short or changed meanwhile, or somebody else is writing the
        same copy.
    OSError
        If there is no room on the disk: before anything is written, as far as that can be told.
    ValueError
        If `path` is the source itself, `memory` is too little, or there are no rows.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> import samebytes as sb
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "shuffled.npy")
    >>> sb.shuffled_copy(np.arange(8), path, seed=0).tolist()
    [4, 7, 3, 2, 6, 1, 0, 5]
    >>> [int(x) for x in sb.Dataset.from_tensor_slices(np.arange(8)).shuffle(seed=0)]
    [4, 7, 3, 2, 6, 1, 0, 5]
    >>> folder.cleanup()
    """
    target = Path(path)
    seed = as_seed(seed)
    with contextlib.closing(open_rows(source)) as rows:
        _check(rows, target, overwrite=overwrite)
        copy = _Copy(rows, target, seed, _limit(memory, rows), progress or (lambda _: None))
        copy.run(overwrite=overwrite)
    return open_file(target)


def _check(rows: Rows, target: Path, *, overwrite: bool) -> None:
    if rows.dtype.hasobject:
        message = (
            f"the rows have the dtype {dtype_in_words(rows.dtype)}, whose objects would have to be "
            "pickled: expected numbers or fixed-size strings and records"
        )
        raise ValueError(message)
    if not target.exists():
        return
    if rows.is_file(target):
        message = f"{target} is the source itself, which is only read: give another path"
        raise ValueError(message)
    if not overwrite:
        _refuse_existing(target)


def _refuse_existing(target: Path) -> None:
    message = f"{target} is there already: give another path, or pass overwrite=True"
    raise FileExistsError(message)


def _limit(memory: int | None, rows: Rows) -> int:
    least = least_memory(rows.row_bytes)
    if memory is None:
        return max((available_memory(swap=False) or 2 * USUAL_MEMORY) // SHARE_OF_MEMORY, least)
    given = whole_number(memory, "shuffled_copy(memory=")
    if given < least:
        message = (
            f"shuffled_copy(memory={given}): rows of {as_bytes_text(rows.row_bytes)} need "
            f"{as_bytes_text(least)}: expected {least} or more"
        )
        raise ValueError(message)
    return given


class _Copy:
    """One copy, from what is there of it to the whole file."""

    def __init__(self, rows: Rows, target: Path, seed: int, memory: int, tell: Tell) -> None:
        self._rows, self._target, self._seed = rows, target, seed
        self._sizes = sizes_within(memory, len(rows), rows.row_bytes)
        self._memory, self._tell = memory, tell
        self._part = target.with_name(f".{target.name}.unfinished")
        self._saved = target.with_name(f".{target.name}.position")
        self._header = header_of(rows.dtype, rows.shape)
        source = rows.identity()
        shape, dtype = list(rows.shape), str(np.lib.format.dtype_to_descr(rows.dtype))
        self._task = None if source is None else Task(source, seed, dtype, shape)
        self._resumed = 0
        self._anew: str | None = None
        self._next_save = 0.0

    def run(self, *, overwrite: bool) -> None:
        """Make the copy, and give it its name."""
        with self._opened() as file:
            position = self._begin(file)
            self._tell(self._how_far(position))
            try:
                self._write(file, position)
            except FileError:
                self._forget()  # the source is not what it was
                raise
            except BaseException as failure:
                if self._task is None:
                    self._forget()  # nothing tells the next copy that it is of the same rows
                elif isinstance(failure, OSError) and failure.errno == errno.ENOSPC:
                    raise self._no_room("ran out of room", self._rest(file)) from failure
                raise
            if self._target.exists() and not overwrite:
                _refuse_existing(self._target)
            self._part.replace(self._target)
        flush_folder(self._target.parent)
        self._saved.unlink(missing_ok=True)

    # ------------------------------------------------------------------ beginning

    @contextmanager
    def _opened(self) -> Iterator[FileIO]:
        descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        with open(descriptor, "r+b", buffering=0) as file:  # noqa: PTH123 (a descriptor)
            if not is_locked(file, self._part):
                message = (
                    f"{self._target} is being written by another process; wait for it, or give "
                    "another path"
                )
                raise FileError(message)
            yield file

    def _begin(self, file: FileIO) -> Position:
        """Return where to go on; at the beginning, unless a copy of the same was interrupted."""
        sizes, size = self._sizes, os.fstat(file.fileno()).st_size
        found: Position | str = "its source cannot be told from others"
        if self._task is not None and (size or self._saved.exists()):
            found = load_position(self._saved, self._task)
        if isinstance(found, Position):
            earlier = Sizes(
                sizes.rows, sizes.row_bytes, found.bucket_rows, sizes.chunk_rows, sizes.piece_rows
            )
            if earlier.fits or found.bucket_rows > sizes.bucket_rows:
                found = "it needs more memory"
            elif size < len(self._header) + _written(earlier, found) * sizes.row_bytes:
                found = "it was cut short"
            else:
                self._sizes = earlier
                self._check_room(file)
                self._resumed = self._how_far(found).done
                return found
        if size:
            self._anew = found
        self._saved.unlink(missing_ok=True)
        file.truncate(0)
        self._check_room(file)
        return Position(sizes.bucket_rows, 0, [0] * sizes.buckets, 0)

    def _check_room(self, file: FileIO) -> None:
        needed = self._rest(file)
        free = shutil.disk_usage(self._part.parent).free
        if needed > free:
            if not os.fstat(file.fileno()).st_size:
                self._part.unlink(missing_ok=True)
            raise self._no_room("does not fit on its disk", needed)

    def _rest(self, file: FileIO) -> int:
        """Return the bytes that the file takes yet."""
        there = os.fstat(file.fileno())
        has = getattr(there, "st_blocks", 0) * 512
        return len(self._header) + self._sizes.file_rows * self._sizes.row_bytes - has

    def _no_room(self, what: str, needed: int) -> OSError:
        folder = self._target.absolute().parent
        free = shutil.disk_usage(folder).free
        message = (
            f"{self._target} {what}: it takes {as_bytes_text(max(needed, 0))} more while it is "
            f"written, and {folder} has {as_bytes_text(free)} free. Make room and run it again"
        )
        if self._task is not None and self._part.exists():
            message += ": it goes on where it was"
        elif not self._sizes.fits:
            spare = as_bytes_text(self._sizes.bucket_rows * self._sizes.row_bytes)
            message += f"; {spare} of it are spare, and fewer with less memory="
        error = OSError(message)
        error.errno = errno.ENOSPC
        return error

    def _forget(self) -> None:
        for path in (self._saved, self._part):
            path.unlink(missing_ok=True)

    # ------------------------------------------------------------------- writing

    def _write(self, file: FileIO, position: Position) -> None:
        sizes = self._sizes
        self._next_save = time.monotonic() + SECONDS
        if sizes.row_bytes and sizes.rows:
            if sizes.fits:
                self._order_in_memory(file)
            else:
                self._scatter(file, position)
                with self._part.open("rb", buffering=0) as reader:  # with a place of its own
                    self._order(file, reader, position)
        write_at(file, 0, np.frombuffer(self._header, np.uint8))
        file.truncate(len(self._header) + sizes.rows * sizes.row_bytes)
        os.fsync(file.fileno())

    def _order_in_memory(self, file: FileIO) -> None:
        sizes = self._sizes
        rows = np.empty((sizes.rows, sizes.row_bytes), np.uint8)
        for first in range(0, sizes.rows, sizes.chunk_rows):
            self._rows.read(first, rows[first : first + sizes.chunk_rows])
            self._tell(Progress(first * sizes.row_bytes, rows.nbytes, 0, self._anew))
        self._check_unchanged()
        self._write_ordered(
            file, 0, rows, permute(np.arange(sizes.rows), sizes.rows, self._seed, 0)
        )
        self._tell(Progress(rows.nbytes, rows.nbytes, 0, self._anew))

    def _scatter(self, file: FileIO, position: Position) -> None:
        """Read the source in order, and write each row behind those that its bucket has."""
        sizes = self._sizes
        firsts = range(position.read, sizes.rows, sizes.chunk_rows)
        room = np.empty((2, min(sizes.chunk_rows, sizes.rows), sizes.row_bytes), np.uint8)

        def read(number: int) -> Bytes:
            rows: Bytes = room[number % 2][: sizes.rows - firsts[number]]
            self._rows.read(firsts[number], rows)
            return rows

        for rows in ahead(partial(read, number) for number in range(len(firsts))):
            numbers = np.arange(position.read, position.read + len(rows))
            buckets = positions_of(numbers, sizes.rows, self._seed, 0) // sizes.bucket_rows
            order = np.argsort(buckets, kind="stable")
            ends = np.cumsum(np.bincount(buckets, minlength=sizes.buckets)).tolist()
            begin = 0
            for bucket, end in enumerate(ends):
                if end > begin:
                    place = (bucket + 1) * sizes.bucket_rows + position.filled[bucket]
                    self._write_rows(file, place, rows.take(order[begin:end], axis=0))
                    position.filled[bucket] += end - begin
                    begin = end
            position.read += len(rows)
            if position.read == sizes.rows:
                self._check_unchanged()
            self._save(file, position, now=position.read == sizes.rows)

    def _order(self, file: FileIO, reader: FileIO, position: Position) -> None:
        """Read bucket after bucket, and write it in order where it belongs."""
        sizes = self._sizes
        room = np.empty((2, sizes.bucket_rows, sizes.row_bytes), np.uint8)

        def read(bucket: int) -> tuple[int, Bytes]:
            first, stop = sizes.bucket(bucket)
            rows = room[bucket % 2][: stop - first]
            begin = len(self._header) + (first + sizes.bucket_rows) * sizes.row_bytes
            read_at(reader, begin, rows, self._part)
            return bucket, rows

        left = range(position.ordered, sizes.buckets)
        for bucket, rows in ahead(partial(read, bucket) for bucket in left):
            first, stop = sizes.bucket(bucket)
            # Its rows came in the order of the source; `order` says which of them comes where.
            numbers = permute(np.arange(first, stop), sizes.rows, self._seed, 0)
            order = np.empty_like(numbers)
            order[np.argsort(numbers)] = np.arange(len(numbers))
            self._write_ordered(file, first, rows, order)
            position.ordered = bucket + 1
            # Before the next one overwrites what this one was read from.
            self._save(file, position, now=True)

    def _write_ordered(self, file: FileIO, first: int, rows: Bytes, order: Any) -> None:
        for begin in range(0, len(order), self._sizes.piece_rows):
            piece = order[begin : begin + self._sizes.piece_rows]
            self._write_rows(file, first + begin, rows.take(piece, axis=0))

    def _write_rows(self, file: FileIO, first: int, rows: Bytes) -> None:
        write_at(file, len(self._header) + first * self._sizes.row_bytes, rows)

    # -------------------------------------------------------------- in between

    def _check_unchanged(self) -> None:
        if self._task is not None and self._rows.identity() != self._task.source:
            message = (
                f"the source of {self._target} was written to while it was copied, and nobody can "
                "tell which rows are the old ones. Copy it again when it stays as it is."
            )
            raise FileError(message)

    def _save(self, file: FileIO, position: Position, *, now: bool) -> None:
        if now or time.monotonic() >= self._next_save:
            if self._task is not None:
                os.fsync(file.fileno())
                save_position(self._saved, self._task, position)
            self._next_save = time.monotonic() + SECONDS
        self._tell(self._how_far(position))

    def _how_far(self, position: Position) -> Progress:
        sizes = self._sizes
        ordered = min(position.ordered * sizes.bucket_rows, sizes.rows)
        total = sizes.rows if sizes.fits else 2 * sizes.rows
        done = (position.read + ordered) * sizes.row_bytes
        return Progress(done, total * sizes.row_bytes, self._resumed, self._anew)


def _written(sizes: Sizes, position: Position) -> int:
    """Return how many rows the file has at least at a position."""
    filled = [bucket for bucket, count in enumerate(position.filled) if count]
    if not filled or position.ordered == sizes.buckets:
        return 0 if not filled else sizes.rows
    return (filled[-1] + 1) * sizes.bucket_rows + position.filled[filled[-1]]
