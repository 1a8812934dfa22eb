"""A bare loop over the chunks of a store, in order and shuffled, by the format's own library."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from benchmarks.peers.jobs.job import require
from benchmarks.storage.measured import Count, count_threads
from benchmarks.storage.patterns.chunks import CHUNK_IMAGES
from benchmarks.storage.patterns.pictures import picture
from benchmarks.storage.result import Role, Turn
from benchmarks.storage.way import Task, Way

__all__ = ["HDF5_LOOP", "ZARR_LOOP"]


def _run(task: Task, threads: int, *, shuffled: bool) -> Turn:
    images = _opened(task.source)
    order = list(range(0, images.shape[0], CHUNK_IMAGES))
    if shuffled:
        order = np.random.default_rng(1).permutation(order).tolist()
    starts = itertools.cycle(order)
    seen: list[tuple[int, Any]] = []

    def work(_: int, count: Count) -> None:
        while not count.over:
            start = next(starts)
            chunk = np.asarray(images[start : start + CHUNK_IMAGES])
            if count.samples == 0:
                seen.append((start, chunk[0]))
            count.samples += len(chunk)

    turn = count_threads(threads, work, task.pace)
    for number, image in seen:
        require(np.array_equal(image, picture(number)), f"wrong bytes in image {number}")
    return turn


def _opened(path: str) -> Any:
    if path.endswith(".h5"):
        import h5py

        return h5py.File(path, "r", rdcc_nbytes=0)["images"]
    import zarr

    return zarr.open(path, mode="r")


def _loop(library: str, threads: int, *, shuffled: bool = False) -> Way:
    order = "shuffled chunks" if shuffled else "chunk by chunk"
    return Way(
        f"{'shuffled' if shuffled else 'loop'}-{threads}",
        f"{library}, {order}, {threads} thread{'s' if threads > 1 else ''}",
        Role.BARE,
        f"every chunk read and decoded {'in random order' if shuffled else 'in file order'}, and "
        "thrown away",
        lambda task: _run(task, threads, shuffled=shuffled),
    )


ZARR_LOOP = (
    *(_loop("zarr", threads) for threads in (1, 2, 4)),
    _loop("zarr", 4, shuffled=True),
)
HDF5_LOOP = (
    *(_loop("h5py", threads) for threads in (1, 2)),
    *(_loop("h5py", threads, shuffled=True) for threads in (1, 2)),
)
