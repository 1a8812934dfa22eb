"""Mapped files that are cut short at any moment while they are read, in a process of its own.

Run as ``python -m tests.promises.cut_short RUNS SEED``; prints what became of the runs of each
kind as JSON. Touching a missing page ends the process, so whoever counts the runs stands outside
of it.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import samebytes as sb

IMAGES, SIZE, BATCH = 96, 48, 8


def with_mmap(path: Path) -> npt.NDArray[np.uint8]:
    with path.open("r+b") as file:
        block = mmap.mmap(file.fileno(), 0)
    return np.frombuffer(block, np.uint8, offset=128).reshape(IMAGES, SIZE, SIZE, 3)


KINDS: dict[str, Callable[[Path], Any]] = {
    "open": sb.open,
    "open for writing": lambda path: sb.open(path, mode="r+"),
    "copy on write": lambda path: sb.open(path, mode="c"),
    "np.load": lambda path: np.load(path, mmap_mode="r"),
    "np.memmap": lambda path: np.memmap(
        path, np.uint8, "r", offset=128, shape=(IMAGES, SIZE, SIZE, 3)
    ),
    "mmap": with_mmap,
    "joined": lambda path: sb.concat(
        [sb.open(path)[:30], sb.open(path)[30:31], np.load(path)[31:]]
    ),
    "joined, mapped": lambda path: sb.concat([sb.open(path)[:30], np.load(path, "r")[30:]]),
}


def dataset(source: Any) -> sb.Dataset:
    return (
        sb.Dataset.from_tensor_slices(source)
        .shuffle(seed=1)
        .map(sb.RandomCrop(32, 32), seed=2)
        .map(sb.RandomContrast(0.5), seed=3)  # which reads each sample twice
        .batch(BATCH)
        .with_options(threads=2)
    )


def cut(path: Path, size: int, wait: float) -> None:
    """Cut a file at full speed, from a thread that is already there."""
    time.sleep(wait)
    os.truncate(path, size)


def run(
    path: Path, content: bytes, kind: str, expected: Sequence[Any], size: int, wait: float
) -> str:
    """Say how an epoch ended; every batch that came has to be right."""
    path.write_bytes(content)
    batches = dataset(KINDS[kind](path)).iterate(0)
    cutter = threading.Thread(target=cut, args=(path, size, wait))
    cutter.start()
    count = 0
    try:
        for batch, right in zip(batches, expected, strict=True):
            assert np.array_equal(batch, right), f"batch {count} is wrong"
            count += 1
    except sb.WrongSize as refusal:
        named = "whose name is unknown" if kind == "mmap" else str(path)
        told = str(refusal)
        assert named in told
        assert f"found {size:,} bytes" in told
        return "refused at once" if count == 0 else "refused"
    finally:
        cutter.join()
    return "whole"


def main(runs: int, start: int) -> None:
    numbers = np.random.default_rng(start)
    values = numbers.integers(1, 256, (IMAGES, SIZE, SIZE, 3), "uint8")
    expected = list(dataset(values).iterate(0))
    seen: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.npy")
        np.save(path, values)
        content = path.read_bytes()
        for kind in KINDS:
            for _ in range(runs):
                size, wait = int(numbers.integers(len(content))), numbers.exponential(0.001)
                seen[kind][run(path, content, kind, expected, size, wait)] += 1
    print(json.dumps(seen))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
