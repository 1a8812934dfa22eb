"""`Dataset`: what to read, in which order, and what becomes of it; it describes and never runs.

What only some datasets need is imported where it is needed, so that ``import samebytes`` stays
about as light as NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.epochs import EpochCounter
from samebytes.engine.formatting import check_format
from samebytes.memory.files.pickling import pack, unpack
from samebytes.plan import arguments, samplers
from samebytes.plan.fuse import fuse
from samebytes.plan.map_calls import MapCall, calls_of
from samebytes.plan.options import Options
from samebytes.plan.plan import Plan
from samebytes.plan.recipe import Recipe
from samebytes.plan.seeds import as_seed
from samebytes.plan.shown import Shown
from samebytes.plan.sources import as_sources
from samebytes.plan.transforms.base import On
from samebytes.plan.tree import flatten
from samebytes.plan.windows import ROW

if TYPE_CHECKING:
    from samebytes.engine.iterator import Iterator
    from samebytes.engine.pipeline import Pipeline

__all__ = ["Dataset", "MapCall", "Options"]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Shown, Recipe):
    """Samples of arrays, shuffled, transformed and batched in one pass over the source.

    Immutable: each method gives a new one. Verbs are tf.data's, and their order matters as
    there. Nothing is read before the first batch, and nothing grows with the number of samples.

    Use `from_tensor_slices`, not the constructor.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images, labels = np.zeros((100, 64, 64, 3), "uint8"), np.arange(100)
    >>> ds = (
    ...     sb.Dataset.from_tensor_slices((images, labels))
    ...     .shuffle(seed=0)
    ...     .map(sb.RandomCrop(32, 32)).map(sb.Rescaling(1 / 255))
    ...     .batch(32)
    ... )
    >>> len(ds)
    4
    >>> [(x.shape, y.shape) for x, y in ds][-1]
    ((4, 32, 32, 3), (4,))
    """

    options: Options = field(default_factory=Options)
    _epochs: EpochCounter = field(default_factory=EpochCounter, repr=False)

    # ------------------------------------------------------------------------- sources

    @classmethod
    def from_tensor_slices(cls, tensors: Any) -> Dataset:
        """Return the dataset of the slices of `tensors` along their first axis; rarely copies.

        Parameters
        ----------
        tensors : array, or nested tuple, dict, named tuple of arrays
            Anything `as_array` takes, mapped files included; an ``h5py.Dataset`` that lies in one
            piece, which is mapped; lists; and what has only ``__array__``, as tables have: copied
            once where that copies. All must have the same length.

        Raises
        ------
        ValueError
            If there is no array, one has no axis, two differ in length, or the items of a list do.
        TypeError
            If one holds objects, or is masked.
        FileError
            If an ``h5py.Dataset`` lies in chunks.
        """
        leaves, structure = flatten(tensors)
        arrays = as_sources(structure.names, leaves)
        return cls(arrays, structure, samplers.Source(len(arrays[0])), (ROW,) * len(arrays))

    # --------------------------------------------------------------------------- verbs

    def _with(self, **changes: Any) -> Dataset:
        return replace(self, **changes, _epochs=self._epochs.renewed())

    def _choose(self, make: Callable[[Any], Any]) -> Dataset:
        """Put a choosing verb behind what is there: on samples, or on batches once batched."""
        if self.batch_size is None:
            samples = make(self.samples)
            samplers.check_countable(samples)
            return self._with(samples=samples)
        batches = make(self.batches)
        samplers.check_countable(batches, self.batch_size if self.samples.length is None else 1)
        return self._with(batches=batches)

    def shuffle(
        self,
        buffer_size: int | None = None,
        seed: int | None = None,
        reshuffle_each_iteration: bool = True,  # noqa: FBT001, FBT002 (tf.data's signature)
    ) -> Dataset:
        """Return all elements in a random order, new each epoch, in O(1) memory.

        Parameters
        ----------
        buffer_size : int, optional
            Taken for tf.data's sake and not needed: the shuffle is always full.
        seed : int, optional
            Of the order; by default a random one, which states tell and take.
        reshuffle_each_iteration : bool
            Whether each epoch has an order of its own.
        """
        arguments.check_shuffle(buffer_size, self.length)
        key = as_seed(seed)
        return self._choose(lambda order: samplers.Shuffle(order, key, reshuffle_each_iteration))

    def shard(self, num_shards: int, index: int) -> Dataset:
        """Return every `num_shards`-th element, from `index` on."""
        count, place = arguments.as_shard(num_shards, index)
        return self._choose(lambda order: samplers.Shard(order, count, place))

    def take(self, count: int) -> Dataset:
        """Return the first `count` elements; -1, as any negative number, gives all."""
        number = arguments.whole_number(count, "take(")
        return self if number < 0 else self._choose(lambda order: samplers.Take(order, number))

    def skip(self, count: int) -> Dataset:
        """Return all but the first `count` elements; -1, as any negative number, gives none."""
        number = arguments.whole_number(count, "skip(")
        if number < 0:
            return self.take(0)
        return self._choose(lambda order: samplers.Skip(order, number))

    def repeat(self, count: int | None = None) -> Dataset:
        """Return the elements `count` times over, each time an epoch of its own; None is endless.

        So is -1, as any negative number.
        """
        number = -1 if count is None else arguments.whole_number(count, "repeat(")
        return self._choose(lambda order: samplers.Repeat(order, None if number < 0 else number))

    def map(
        self, map_func: Any, *, on: On = None, batched: bool = False, seed: int | None = None
    ) -> Dataset:
        """Return each element after `map_func`.

        Parameters
        ----------
        map_func : Transform, Keras layer, or callable
            Our transforms, and the Keras layers we know, are folded into the pass. Anything
            else runs after it, on our threads: a layer on batches of its component, a
            function on each element, given as tf.data gives it (a tuple as arguments), or on
            whole batches.
        on : name, place, or tuple of them, optional
            Which components. By default the first that fits; a function is given the element.
        batched : bool
            Whether a callable takes whole batches; after ``batch`` it always does.
        seed : int, optional
            Of a transform's draws; by default the transform's own, else a random one.
        """
        whole = batched or self.batch_size is not None
        for calls in calls_of(map_func, on, batched=whole, seed=seed, before=self.maps):
            changed = self._with(maps=(*self.maps, *calls))
            try:
                fuse(changed)  # what cannot be done at all is refused here
            except ValueError as failure:
                refused = failure
            else:
                return changed
        raise refused

    def window(
        self,
        length: int,
        stride: int = 1,
        sampling_rate: int = 1,
        *,
        horizon: int | None = None,
        offset: int | None = None,
        columns: Any = None,
        target: On = None,
        align: str = "right",
        groups: Any = None,
        boundaries: Any = None,
        padding: str | None = None,
        padding_value: Any = 0,
    ) -> Dataset:
        """Return windows over the first axis, time, as samples; index arithmetic, never copies.

        A window shows the rows ``start, start + sampling_rate, ...`` of each component, and is of
        shape (length, *row). Comes before every other verb.

        Parameters
        ----------
        length : int
            Steps of a window.
        stride : int
            Rows from the start of one window to that of the next.
        sampling_rate : int
            Rows from one step to the next.
        horizon : int, optional
            Steps of a target; elements are then (windows, targets). Targets are of shape
            (horizon, *row), or row alone for ``horizon=1``, as Keras' are.
        offset : int, optional
            Rows from the window's last step to the target; by default to the next step.
        columns : int, sequence of int, or slice, optional
            Of the target's rows; an int leaves the axis away. By default all.
        target : name, place, or tuple of them, optional
            The components targets are read from, as ``on=``; needed where there are several.
        align : {"right", "each"}
            Whether a target follows the window, or each of its steps: (length, horizon, *row).
        groups : array, or tuple of them, optional
            Series that no window leaves, by an id for each row: of any dtype that compares, the
            rows of a series side by side. Of several arrays a series has one id in each.
        boundaries : array, or tuple of them, optional
            Series that no window leaves, by the rows at which they begin and the number of rows
            (`borders_at_gaps` gives those of gaps in time). Parts of a `concat` are series anyway.
        padding : {"left", "right"}, optional
            Fill a series shorter than a window up on this side; by default it is left out.
        padding_value : number
            What to fill with, as if it stood in the source.

        Raises
        ------
        ValueError
            If no window fits, an argument is out of range, or another verb came before.

        Examples
        --------
        >>> import numpy as np
        >>> import samebytes as sb
        >>> series = np.arange(40, dtype="float32").reshape(20, 2)
        >>> ds = sb.Dataset.from_tensor_slices(series).window(4, horizon=2, columns=[1])
        >>> len(ds), [spec.shape for spec in ds.element_spec]
        (15, [(4, 2), (2, 1)])
        >>> x, y = next(iter(ds))
        >>> x[:, 1].tolist(), y[:, 0].tolist()
        ([1.0, 3.0, 5.0, 7.0], [9.0, 11.0])
        """
        from samebytes.plan.window_request import Target, cut_windows

        asked = Target(horizon, offset, columns, target, align)
        series, filling = (groups, boundaries), (padding, padding_value)
        cut = cut_windows(self, length, stride, sampling_rate, asked, series, filling)
        return self._with(**vars(cut))

    def batch(self, batch_size: int, drop_remainder: bool = False) -> Dataset:  # noqa: FBT001, FBT002
        """Return batches of `batch_size` elements; the last may be smaller unless dropped."""
        if self.batch_size is not None:
            message = f"this dataset has batches of {self.batch_size} already; batch once"
            raise ValueError(message)
        batch_size = arguments.whole_number(batch_size, "batch(", least=1)
        count = self.samples.length
        if count is not None:
            count = count // batch_size if drop_remainder else -(-count // batch_size)
        return self._with(
            batch_size=batch_size, drop_remainder=drop_remainder, batches=samplers.Source(count)
        )

    def prefetch(self, buffer_size: int) -> Dataset:
        """Return the same elements, `buffer_size` made ahead; -1 (AUTOTUNE) keeps the default.

        Never more than an epoch has and memory holds.
        """
        ahead = arguments.as_prefetch(buffer_size)
        return self if ahead is None else self._with(options=replace(self.options, prefetch=ahead))

    def with_format(self, name: str) -> Dataset:
        """Return elements as ``numpy`` arrays or ``tensorflow`` tensors, on the same bytes."""
        check_format(name)
        return self._with(options=replace(self.options, format=name))

    def with_options(self, *, threads: int | None = None) -> Dataset:
        """Return the same elements, made by `threads` threads; None is one a core."""
        return self._with(options=replace(self.options, threads=arguments.as_threads(threads)))

    # --------------------------------------------------------------------------- facts

    @cached_property
    def plan(self) -> Plan:
        """What the pass will do, folded."""
        return fuse(self)

    @cached_property
    def pipeline(self) -> Pipeline:
        """The plan and the options, as the engine and the feeds are given them."""
        from samebytes.engine.pipeline import Pipeline

        return Pipeline(self.plan, self.options)

    @property
    def element_spec(self) -> Any:
        """Shapes and dtypes of an element, nested as it is: of `ArraySpec`."""
        from samebytes.plan.element_spec import element_spec

        return element_spec(self.plan)

    def fingerprint(self) -> dict[str, str]:
        """Return what decides about the values and their order, in words: the key of a state."""
        from samebytes.plan.describe import fingerprint

        return fingerprint(self.plan)

    def __len__(self) -> int:
        """Return the number of elements.

        Raises
        ------
        TypeError
            If the dataset is endless.
        """
        length = self.length
        if length is None:
            message = "this dataset is endless; take(n) gives a part with a length"
            raise TypeError(message)
        return length

    def __eq__(self, other: object) -> bool:
        """Return whether both do the same: equal plans over arrays of equal shapes and dtypes."""
        return isinstance(other, Dataset) and (self.plan, self.options) == (
            other.plan,
            other.options,
        )

    def __hash__(self) -> int:
        """Return a hash of the order and batch."""
        return hash((self.structure.names, self.samples, self.batch_size))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the bytes of mapped files, and the count of epochs, which begins anew."""
        state = {
            k: value for k, value in vars(self).items() if k not in {"_epochs", "plan", "pipeline"}
        }
        return {**state, "arrays": tuple(pack(array) for array in self.arrays)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Map files again, and begin with epoch 0."""
        arrays = tuple(unpack(array) for array in state["arrays"])
        vars(self).update(state, arrays=arrays, _epochs=EpochCounter())

    # ----------------------------------------------------------------------- execution

    def reference(self, indices: npt.ArrayLike, epoch: int = 0) -> Any:
        """Return a batch of the samples `indices`, by plain slow NumPy: the oracle of all tests."""
        from samebytes.plan.reference import reference

        epoch = arguments.as_epoch(epoch, "reference(epoch=")
        return reference(self.plan, np.asarray(indices, np.int64), epoch)

    def next_epoch(self) -> int:
        """Return the number of the next epoch, and count it as begun."""
        return self._epochs.next_epoch()

    def iterate(self, epoch: int | None = None) -> Iterator:
        """Return an iterator over an epoch; by default the next one.

        Returns
        -------
        samebytes.engine.iterator.Iterator
            With ``state_dict()``, ``load_state_dict()``, ``stats()``, ``close()``.
        """
        number = self.next_epoch() if epoch is None else arguments.as_epoch(epoch)
        from samebytes.engine.iterator import Iterator

        return Iterator(self.pipeline, number, self._epochs.position_in(number))

    def __iter__(self) -> Iterator:
        """Return an iterator over the next epoch."""
        return self.iterate()

    def to_tf(self) -> Any:
        """Return a ``tf.data.Dataset`` of the same elements, on the same bytes."""
        from samebytes.feeds.tf_data import to_tf

        return to_tf(self.pipeline, self._epochs)

    def to_keras(self, *, workers: int = 1, max_queue_size: int | None = None) -> Any:
        """Return a ``keras.utils.PyDataset`` of the same batches, on the same bytes."""
        from samebytes.feeds.keras import to_keras

        queue = max_queue_size
        return to_keras(self.pipeline, self._epochs, workers=workers, max_queue_size=queue)
