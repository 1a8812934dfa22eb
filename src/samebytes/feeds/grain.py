"""A ``grain.MapDataset`` of the engine's elements: by index, many at once, a new epoch each repeat.

Grain asks by index, in threads or processes of its own, and keeps its own place. An index beyond
the end is one of a later epoch, which has its own order and draws, as in Grain's own shuffle.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from samebytes.engine.iterator import Iterator
from samebytes.engine.pipeline import Pipeline
from samebytes.engine.schedule import position_of
from samebytes.feeds.keras_batches import RandomAccessBatches
from samebytes.share.frameworks import import_grain

__all__ = ["to_grain"]

WINDOW = 32
"""Indices asked for within so many count as in order: Grain asks in 16 threads."""

EPOCHS = 2
"""Epochs that are kept open: while one ends, threads already ask for the next."""


@functools.cache
def _elements_class() -> Any:  # noqa: C901 (a class, which can be made only once Grain is there)
    grain = import_grain()

    class Elements(grain.MapDataset):  # type: ignore[misc, name-defined]
        """Elements of a samebytes dataset by index.

        Parameters
        ----------
        dataset : Dataset
            With a ``pipeline``; other processes get it pickled.
        """

        def __init__(self, dataset: Any) -> None:
            super().__init__()
            self._dataset = dataset
            self._open: dict[int, RandomAccessBatches] = {}
            self._lock = threading.Lock()

        @property
        def _pipeline(self) -> Pipeline:
            pipeline: Pipeline = self._dataset.pipeline
            return pipeline

        def __len__(self) -> int:
            """Return the number of elements of an epoch."""
            length: int = self._pipeline.plan.length or 0
            return length

        def __str__(self) -> str:
            return f"{type(self).__name__}(samebytes, {len(self)} elements)"

        def __getitem__(self, index: Any) -> Any:
            """Return an element, from any thread and in any order; never copies."""
            if isinstance(index, slice):
                return self.slice(index)
            if not len(self):
                message = f"element {index} of a dataset that has none"
                raise IndexError(message)
            epoch, place = divmod(index, len(self))
            return self._epoch(epoch).batch(place, WINDOW)

        def _getitems(self, indices: Sequence[int]) -> list[Any]:
            """Return elements: each run of neighbours is made at once."""
            found: list[Any] = []
            for _, run in groupby(enumerate(indices), lambda pair: pair[1] - pair[0]):
                found += self._run([index for _, index in run])
            return found

        def _run(self, indices: list[int]) -> list[Any]:
            if len(indices) == 1 or self._pipeline.plan.batch_size is not None:
                return [self[index] for index in indices]
            epoch, first = divmod(indices[0], len(self))
            here = min(len(indices), len(self) - first)
            pipeline = self._pipeline.with_options(format="numpy", prefetch=0)
            with Iterator(pipeline, epoch, position_of(pipeline.plan, first)) as elements:
                found = [next(elements) for _ in range(here)]
            return found + (self._run(indices[here:]) if here < len(indices) else [])

        def _epoch(self, number: int) -> RandomAccessBatches:
            with self._lock:
                found = self._open.get(number)
                if found is None:
                    found = self._open[number] = RandomAccessBatches(self._pipeline, number)
                old = sorted(self._open)[:-EPOCHS]
                closing = [self._open.pop(one) for one in old if one != number]
            for one in closing:
                one.close()
            return found

        def __reduce__(self) -> Any:
            """Give the dataset, whose mapped files travel as their paths."""
            return _remade, (self._dataset,)

    Elements.__module__ = __name__
    Elements.__qualname__ = "Elements"
    return Elements


def _remade(dataset: Any) -> Any:
    """Return what was pickled: its class exists only once Grain is imported."""
    return _elements_class()(dataset)


def to_grain(dataset: Any) -> Any:
    """Return a ``grain.MapDataset`` of the elements of a dataset, as NumPy arrays; never copies.

    It can be chained like any other (``map``, ``batch``, ``shuffle``, ``repeat``, slices for each
    process, ``to_iter_dataset``), and Grain saves its own place. Each repetition is the next epoch,
    with its own order and draws. The engine makes in order what is asked for in order, so let one
    thread of Grain's ask, with few elements ahead:
    ``to_iter_dataset(grain.ReadOptions(num_threads=1, prefetch_buffer_size=2))``.

    Parameters
    ----------
    dataset : Dataset
        Of single samples, which Grain may batch, or of batches.

    Raises
    ------
    MissingPackage
        If Grain is not installed.
    ValueError
        If the dataset is endless: leave out ``repeat``, and repeat in Grain.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> ds = sb.Dataset.from_tensor_slices(np.arange(10)).batch(4).to_grain()
    >>> len(ds), ds[1], [batch.tolist() for batch in ds]
    (3, array([4, 5, 6, 7]), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    """
    import_grain()
    if dataset.pipeline.plan.length is None:
        message = (
            "to_grain() needs a length, and this dataset is endless: leave out repeat(), and "
            "repeat what to_grain() returns"
        )
        raise ValueError(message)
    return _elements_class()(dataset)
