"""Small datasets for the tests of the iterator, and what they must give."""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

import samebytes as sb

Element = Mapping[str, npt.NDArray[Any]]


def images(count: int = 50, size: int = 12, dtype: npt.DTypeLike = np.uint8) -> npt.NDArray[Any]:
    rng = np.random.default_rng(count)
    return rng.integers(0, 256, (count, size, size, 3)).astype(dtype)


def usual(count: int = 50, batch: int = 8, seed: int = 3, **options: int | None) -> sb.Dataset:
    """Images, labels, shuffled, cropped, flipped, scaled, batched."""
    return (
        sb.Dataset.from_tensor_slices({"image": images(count), "label": np.arange(count)})
        .shuffle(seed=seed)
        .map(sb.RandomCrop(8, 6), seed=1)
        .map(sb.RandomFlip(), seed=2)
        .map(sb.Rescaling(1 / 255))
        .batch(batch)
        .with_options(**options)
    )


def same(one: Element, other: Element) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def all_same(some: Iterable[Element], others: Iterable[Element]) -> None:
    some, others = list(some), list(others)
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        same(one, other)


before: set[threading.Thread] = set()
"""Threads that were alive when the test began; tests/conftest.py puts them here."""


def worker_threads() -> list[threading.Thread]:
    alive = set(threading.enumerate()) - before
    # The one that compiles ends by itself, which may take longer than a test waits.
    others = {"samebytes-warm-up"}
    return [t for t in alive if t.name.startswith("samebytes") and t.name not in others]


def no_threads_left(seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while worker_threads() and time.monotonic() < end:
        time.sleep(0.005)
    return not worker_threads()
