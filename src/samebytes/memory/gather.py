"""One pass that copies any strided array into a packed one, converting on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.cores import available_cores
from samebytes.memory.files.hold import held

__all__ = ["gather"]

# Below this a copy ends before a second thread has started (about 100 µs).
THREADED_BYTES = 4 << 20
# Measured on a transposed 800 MB float32 matrix: a tile of source and destination must share
# the second-level cache. Without tiles the same copy takes about six times as long.
TILE_BYTES = 256 << 10

Block = tuple[slice, ...]


def gather(source: npt.NDArray[Any], out: npt.NDArray[Any], threads: int | None = None) -> None:
    """Copy `source` into `out` in one pass, always; converts dtype and byte order on the way.

    Large arrays are copied by several threads, without the GIL where NumPy releases it, and
    in tiles where the source's fastest axis is not the destination's.

    Parameters
    ----------
    source : ndarray
        Any strides, also negative and zero, any byte order.
    out : ndarray
        Row-major and of the same shape; every element is written once.
    threads : int, optional
        At most this many; by default as many as there are cores.

    Raises
    ------
    WrongSize
        If `source` is a mapped file that has shrunk, or shrinks meanwhile.
    """
    # Plain views: a subclass's hooks would run once a tile.
    with held(source.view(np.ndarray)) as (reader,):
        _gather(reader, out.view(np.ndarray), threads)


def _gather(reader: npt.NDArray[Any], writer: npt.NDArray[Any], threads: int | None) -> None:
    if threads is None:
        threads = available_cores()
    workers = threads if writer.nbytes >= THREADED_BYTES else 1
    if workers == 1 and _reads_in_order(reader):
        np.copyto(writer, reader, casting="unsafe")
        return
    blocks = list(_blocks(reader, writer, workers))
    _share_out(blocks, reader, writer, workers)


def _share_out(
    blocks: list[Block], reader: npt.NDArray[Any], writer: npt.NDArray[Any], workers: int
) -> None:
    """Copy `blocks` on `workers` threads, this one included, and raise what a thread raised."""
    remaining = iter(blocks)
    lock = threading.Lock()
    failures: list[BaseException] = []

    def copy_blocks() -> None:
        while not failures:
            with lock:
                block = next(remaining, None)
            if block is None:
                return
            try:
                part: Any = (*block, ...)  # the ellipsis keeps a block of a 0-d array an array
                np.copyto(writer[part], reader[part], casting="unsafe")
            except BaseException as failure:  # noqa: BLE001 (raised again by the calling thread)
                failures.append(failure)

    # Threads for this copy only, not a pool: nothing to rebuild after a fork, nothing to stop
    # at exit. They run under this thread's numpy.errstate, which NumPy 1 keeps per thread and
    # NumPy 2 per context.
    errstate: dict[str, Any] = {**np.geterr(), "call": np.geterrcall()}

    def copy_blocks_as_here() -> None:
        with np.errstate(**errstate):
            copy_blocks()

    started = []
    for _ in range(workers - 1):
        thread = threading.Thread(target=copy_blocks_as_here, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            break  # no more threads, as while the interpreter ends: this thread does the work
        started.append(thread)
    copy_blocks()
    for thread in started:
        thread.join()
    if failures:
        raise failures[0]


def _reads_in_order(source: npt.NDArray[Any]) -> bool:
    """Return whether walking the destination in order walks the source in order of addresses."""
    steps = [
        abs(step)
        for step, length in zip(source.strides, source.shape, strict=True)
        if length > 1 and step != 0
    ]
    return all(outer >= inner for outer, inner in pairwise(steps))


def _blocks(reader: npt.NDArray[Any], writer: npt.NDArray[Any], workers: int) -> Iterator[Block]:
    """Cut the copy into blocks: tiles where the order of axes differs, else a few a worker."""
    whole = tuple(slice(0, length) for length in writer.shape)
    if not _reads_in_order(reader):
        fastest = min(
            (
                axis
                for axis in range(reader.ndim)
                if reader.shape[axis] > 1 and reader.strides[axis]
            ),
            key=lambda axis: abs(reader.strides[axis]),
        )
        # These two axes stay whole as long as possible: one is read, the other written in runs.
        return _halve(whole, writer.itemsize, TILE_BYTES, keep=(fastest, writer.ndim - 1))
    limit = max(THREADED_BYTES // 4, writer.nbytes // (workers * 8))
    return _halve(whole, writer.itemsize, limit, keep=())


def _halve(block: Block, itemsize: int, limit: int, keep: tuple[int, ...]) -> Iterator[Block]:
    """Halve `block` along its outermost axis not in `keep`, then the longest, down to `limit`."""
    lengths = [part.stop - part.start for part in block]
    nbytes = itemsize
    for length in lengths:
        nbytes *= length
    if nbytes <= limit or max(lengths, default=1) <= 1:
        yield block
        return
    outer = [axis for axis, length in enumerate(lengths) if length > 1 and axis not in keep]
    axis = outer[0] if outer else max(range(len(lengths)), key=lengths.__getitem__)
    middle = (block[axis].start + block[axis].stop) // 2
    for part in (slice(block[axis].start, middle), slice(middle, block[axis].stop)):
        yield from _halve((*block[:axis], part, *block[axis + 1 :]), itemsize, limit, keep)
