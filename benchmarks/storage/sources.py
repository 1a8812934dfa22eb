"""The files that jobs read: written once, and served where a job reads from a server."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.storage.content import WORD, words
from benchmarks.storage.disk import drop_pages
from benchmarks.storage.patterns.chunks import CHUNK_IMAGES
from benchmarks.storage.patterns.images import IMAGE_BYTES, SIDE
from benchmarks.storage.patterns.pattern import HEADER
from benchmarks.storage.patterns.pictures import pictures
from benchmarks.storage.server import find_nginx, serve
from samebytes.memory.cores import available_cores

__all__ = ["SOURCES", "TIMES", "SourceMissing", "source_of"]

TIMES = 4
"""How many times the memory allowed a file is."""

WRITTEN_AT_ONCE = 16 << 20


class SourceMissing(Exception):
    """A source cannot be made here; the message says why."""


def write_images(path: Path, nbytes: int) -> None:
    """Write a ``.npy`` file of images, about so many bytes of them, which tell where they lie."""
    count = max(1, nbytes // IMAGE_BYTES)
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, SIDE, SIDE, 3)}
    total = count * IMAGE_BYTES // WORD
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        if file.tell() != HEADER:
            message = f"expected a header of {HEADER} bytes, NumPy wrote {file.tell()}"
            raise RuntimeError(message)
        step = WRITTEN_AT_ONCE // WORD
        for first in range(0, total, step):
            file.write(words(np.arange(first, min(first + step, total))).tobytes())


@contextlib.contextmanager
def _images(folder: Path, memory_bytes: int) -> Iterator[str]:
    """Stays for the jobs that follow."""
    path = folder / "images.npy"
    if not path.exists():
        _make_room(folder, TIMES * memory_bytes)
        write_images(path, TIMES * memory_bytes)
        drop_pages(path)
    yield str(path)


@contextlib.contextmanager
def _small(folder: Path, memory_bytes: int) -> Iterator[str]:
    path = folder / "small.npy"
    write_images(path, memory_bytes // TIMES)
    yield str(path)
    path.unlink()


@contextlib.contextmanager
def _served(folder: Path, memory_bytes: int) -> Iterator[str]:
    _need("obstore")
    program = find_nginx()
    if program is None:
        message = "nginx, which serves the file, is not installed"
        raise SourceMissing(message)
    with _images(folder, memory_bytes) as path, tempfile.TemporaryDirectory() as scratch:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (into the server's memory)
            while file.read(WRITTEN_AT_ONCE):
                pass
        with serve(folder, Path(scratch), program) as url:
            yield f"{url}/{Path(path).name}"


@contextlib.contextmanager
def _zarr(folder: Path, memory_bytes: int, *, sharded: bool = False) -> Iterator[str]:
    _need("zarr")
    import zarr

    path, count = folder / "images.zarr", _count(memory_bytes)
    chunk = (CHUNK_IMAGES, SIDE, SIDE, 3)
    shards = (4 * CHUNK_IMAGES, *chunk[1:]) if sharded else None
    _make_room(folder, count * IMAGE_BYTES)
    array = zarr.create_array(
        path, shape=(count, *chunk[1:]), chunks=chunk, shards=shards, dtype="uint8"
    )
    step = shards[0] if shards is not None else CHUNK_IMAGES
    for first in range(0, count, step):
        array[first : first + step] = pictures(first, min(step, count - first))
    drop_pages(path)
    yield str(path)
    shutil.rmtree(path)


@contextlib.contextmanager
def _hdf5(folder: Path, memory_bytes: int, *, level: int = 0) -> Iterator[str]:
    _need("h5py")
    import h5py

    path, count = folder / "images.h5", _count(memory_bytes)
    _make_room(folder, count * IMAGE_BYTES)

    def encoded(first: int) -> tuple[int, bytes]:
        chunk = pictures(first, CHUNK_IMAGES)
        return first, zlib.compress(chunk.tobytes(), level) if level else chunk.tobytes()

    with h5py.File(path, "w") as file, ThreadPoolExecutor(available_cores()) as pool:
        filters = {"compression": "gzip", "compression_opts": level} if level else {}
        chunk = (CHUNK_IMAGES, SIDE, SIDE, 3)
        images = file.create_dataset(
            "images", (count, *chunk[1:]), "uint8", chunks=chunk, **filters
        )
        # HDF5 itself compresses in one thread.
        for few in range(0, count, 8 * CHUNK_IMAGES):
            firsts = range(few, min(few + 8 * CHUNK_IMAGES, count), CHUNK_IMAGES)
            for first, data in pool.map(encoded, firsts):
                images.id.write_direct_chunk((first, 0, 0, 0), data)
    drop_pages(path)
    yield str(path)
    path.unlink()


def _count(memory_bytes: int) -> int:
    """Return how many images there are in whole chunks."""
    return max(1, TIMES * memory_bytes // (CHUNK_IMAGES * IMAGE_BYTES)) * CHUNK_IMAGES


def _need(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        message = f"{module} is not installed; pip install {module}"
        raise SourceMissing(message)


def _make_room(folder: Path, nbytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < nbytes + (1 << 30):
        message = f"{nbytes:,} bytes are needed in {folder.parent}, and {free:,} are free"
        raise SourceMissing(message)


Maker = Callable[[Path, int], contextlib.AbstractContextManager[str]]


def _with(maker: Callable[..., Any], **options: Any) -> Maker:
    return lambda folder, memory_bytes: maker(folder, memory_bytes, **options)


SOURCES: dict[str, Maker] = {
    "images": _images,
    "small": _small,
    "served": _served,
    "zarr": _zarr,
    "zarr, sharded": _with(_zarr, sharded=True),
    "HDF5": _hdf5,
    "HDF5, gzip": _with(_hdf5, level=1),
}


def source_of(kind: str, folder: Path, memory_bytes: int) -> contextlib.AbstractContextManager[str]:
    """Return what gives the path or URL of a source while its block runs.

    Parameters
    ----------
    kind : str
        One of `SOURCES`.
    folder : Path
        Where files are written.
    memory_bytes : int
        What a process may have, of which files are `TIMES` as much.

    Raises
    ------
    SourceMissing
        At the begin of the block, if it cannot be made here.
    """
    return SOURCES[kind](folder, memory_bytes)
