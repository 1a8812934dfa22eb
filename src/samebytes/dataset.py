"""`Dataset`: what to read, in which order, and what to do with it; it describes, and never runs.

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

from samebytes.engine.epoch_counter import EpochCounter
from samebytes.engine.formatting import check_format
from samebytes.feeds.methods import FeedsMixin
from samebytes.memory.files.pickling import pack, unpack
from samebytes.plan import arguments, samplers
from samebytes.plan.balancing import BalancingMixin
from samebytes.plan.choosing import ChoosingMixin
from samebytes.plan.display import DisplayMixin
from samebytes.plan.distribute import DistributeMixin
from samebytes.plan.familiar import FamiliarMixin
from samebytes.plan.fuse import fuse
from samebytes.plan.identity import IdentityMixin
from samebytes.plan.map_calls import MapCall, Mappable, calls_of
from samebytes.plan.options import Options
from samebytes.plan.plan import Plan
from samebytes.plan.rank_slice import global_batching
from samebytes.plan.recipe import Recipe
from samebytes.plan.reseeding import seeded_recipe
from samebytes.plan.seeds import as_seed
from samebytes.plan.sources import as_sources
from samebytes.plan.transforms.base import On
from samebytes.plan.tree import Nested, flatten
from samebytes.plan.windows import ROW

if TYPE_CHECKING:
    from samebytes.engine.iterator import Iterator
    from samebytes.engine.pipeline import Pipeline
    from samebytes.plan.boundaries import ArrayLikes
    from samebytes.plan.element_spec import ArraySpec
    from samebytes.plan.window_request import Columns

__all__ = ["Dataset", "MapCall", "Options"]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(
    DisplayMixin,
    IdentityMixin,
    ChoosingMixin,
    BalancingMixin,
    FamiliarMixin,
    DistributeMixin,
    FeedsMixin,
    Recipe,
):
    """Samples of arrays, shuffled, transformed and batched in one pass over the source.

    Immutable: each method returns a new dataset. Names are tf.data's, and order matters as there.
    Nothing is read before the first batch, and nothing grows with the number of samples.

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
        """Return a dataset of the slices of `tensors` along their first axis; rarely copies.

        Parameters
        ----------
        tensors : array, or nested tuple, dict, named tuple of arrays
            Anything `as_array` takes, mapped files included; `LazyArray`; ``h5py.Dataset``, mapped
            if contiguous, and ``zarr.Array``; lists; and objects with only ``__array__``, such as
            tables, which are copied once if that copies. All must have the same length.

        Raises
        ------
        ValueError
            If there is no array, one has no axis, two differ in length, or items of a list do.
        TypeError
            If an array holds objects, or is masked.
        FileError
            If an ``h5py.Dataset`` or a ``zarr.Array`` cannot be read.
        """
        leaves, structure = flatten(tensors)
        arrays = as_sources(structure.names, leaves)
        return cls(arrays, structure, samplers.Sequential(len(arrays[0])), (ROW,) * len(arrays))

    # --------------------------------------------------------------------------- methods

    def _with(self, **changes: Any) -> Dataset:
        changed = replace(self, **changes, _epochs=self._epochs.derived())
        return changed if changed.base_seed is None else seeded_recipe(changed)

    def _chain(self, make: Callable[[samplers.Sampler], samplers.Sampler]) -> Dataset:
        """Put a sampler behind what is there: of samples, or of batches once batched."""
        if self.batches is None or self.batch_size is None:
            samples = make(self.samples)
            samplers.check_countable(samples)
            return self._with(samples=samples)
        batches = make(self.batches)
        size = global_batching(self).batch_size or 1
        samplers.check_countable(batches, size if self.samples.length is None else 1)
        return self._with(batches=batches)

    def seed(self, seed: int) -> Dataset:
        """Return the same dataset with one seed for all that draws and was given none of its own.

        That of each shuffle and transform follows from it, whether it comes before or after. So
        every process has the same elements, and every run.
        """
        return self._with(base_seed=as_seed(arguments.whole_number(seed, "seed(", below=None)))

    def shuffle(
        self,
        buffer_size: int | None = None,
        seed: int | None = None,
        reshuffle_each_iteration: bool = True,  # noqa: FBT001, FBT002 (tf.data's signature)
        *,
        block_size: int | None = None,
        window: int | None = None,
    ) -> Dataset:
        """Return all elements in a random order, new each epoch, in O(1) memory.

        Parameters
        ----------
        buffer_size : int, optional
            Accepted for compatibility with tf.data and not needed: the shuffle is full, unless
            there are blocks.
        seed : int, optional
            Seed of the order; by default it follows from that of the dataset (`seed`), if it has
            one; else it is a random one, which saved states contain and restore.
        reshuffle_each_iteration : bool
            Whether each epoch has its own order.
        block_size, window : int, optional
            Shuffle blocks of so many neighbouring elements, then the elements within every so many
            blocks, by default 64: an order for files that do not fit in memory.
        """
        blocks = arguments.as_blocks(buffer_size, self.length, block_size, window)
        key, fresh = as_seed(seed), reshuffle_each_iteration
        return self._chain(lambda order: samplers.Shuffle(order, key, fresh, blocks))

    def shard(self, num_shards: int, index: int) -> Dataset:
        """Return every `num_shards`-th element, from `index` on."""
        count, place = arguments.as_shard(num_shards, index)
        return self._chain(lambda order: samplers.Shard(order, count, place))

    def take(self, count: int) -> Dataset:
        """Return the first `count` elements; -1, like any negative number, means all."""
        number = arguments.whole_number(count, "take(")
        return self if number < 0 else self._chain(lambda order: samplers.Take(order, number))

    def skip(self, count: int) -> Dataset:
        """Return all but the first `count` elements; -1, like any negative number, leaves none."""
        number = arguments.whole_number(count, "skip(")
        if number < 0:
            return self.take(0)
        return self._chain(lambda order: samplers.Skip(order, number))

    def repeat(self, count: int | None = None) -> Dataset:
        """Return `count` epochs of the elements; None or a negative number repeats without end."""
        number = -1 if count is None else arguments.whole_number(count, "repeat(")
        return self._chain(lambda order: samplers.Repeat(order, None if number < 0 else number))

    def map(
        self, map_func: Mappable, *, on: On = None, batched: bool = False, seed: int | None = None
    ) -> Dataset:
        """Return the dataset with `map_func` applied to each element.

        Parameters
        ----------
        map_func : Transform, Keras layer, or callable
            Transforms of samebytes, and the Keras layers it knows, are folded into the pass. All
            else runs after it, on its threads: a layer on batches of its component, a function on
            each element, passed as in tf.data (a tuple as arguments), or on whole batches.
        on : name, place, or tuple of them, optional
            Which components. By default the first that fits; a function gets the whole element.
        batched : bool
            Whether a callable takes whole batches; after ``batch``, it always does.
        seed : int, optional
            Seed of a transform's draws; by default the transform's own, else as for `shuffle`.
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
        columns: Columns = None,
        target: On = None,
        align: str = "right",
        groups: ArrayLikes = None,
        boundaries: ArrayLikes = None,
        padding: str | None = None,
        padding_value: Any = 0,
    ) -> Dataset:
        """Return windows over the first axis, time, as samples; by index arithmetic, never copies.

        A window shows the rows ``start, start + sampling_rate, ...`` of each component, and has the
        shape (length, *row). Call it right after `from_tensor_slices`.

        Parameters
        ----------
        length : int
            Steps of a window.
        stride : int
            Rows from the start of one window to the start of the next.
        sampling_rate : int
            Rows from one step to the next.
        horizon : int, optional
            Steps of a target; elements are then (windows, targets). Targets have the shape
            (horizon, *row), or just row for ``horizon=1``, as in Keras.
        offset : int, optional
            Rows from the window's last step to the target; by default to the next step.
        columns : int, sequence of int, or slice, optional
            Columns of the target's rows; an int drops the axis. By default all.
        target : name, place, or tuple of them, optional
            The components that targets are read from, as ``on=``; required if there are several.
        align : {"right", "each"}
            Whether a target follows the window, or each of its steps: (length, horizon, *row).
        groups : array, or tuple of them, optional
            Series that no window crosses, given by an id for each row, of any dtype that can be
            compared. The rows of a series must lie side by side. With several arrays, a series has
            one id in each.
        boundaries : array, or tuple of them, optional
            Series that no window crosses, given by the rows at which they begin, and the number of
            rows (`borders_at_gaps` finds gaps in time). Parts of a `concat` are always separate.
        padding : {"left", "right"}, optional
            Pad a series shorter than a window on this side; by default, it is left out.
        padding_value : number
            What to pad with, as if it were a value in the source.

        Raises
        ------
        ValueError
            If no window fits, an argument is out of range, or `window` does not come first.

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
        """Return batches of `batch_size` elements; the last may be smaller, unless dropped."""
        if self.batch_size is not None:
            message = f"this dataset already has batches of {self.batch_size}; call batch() once"
            raise ValueError(message)
        batch_size = arguments.whole_number(batch_size, "batch(", least=1)
        count = self.samples.length
        if count is not None:
            count = count // batch_size if drop_remainder else -(-count // batch_size)
        batches = samplers.Sequential(count)
        return self._with(batch_size=batch_size, drop_remainder=drop_remainder, batches=batches)

    def prefetch(self, buffer_size: int) -> Dataset:
        """Return the same elements, `buffer_size` made ahead; -1 (AUTOTUNE) keeps the default.

        Never more than an epoch has, or memory can hold.
        """
        ahead = arguments.as_prefetch(buffer_size)
        return self if ahead is None else self._with(options=replace(self.options, prefetch=ahead))

    def with_format(self, name: str) -> Dataset:
        """Return the elements as ``numpy``, ``tensorflow``, ``torch`` or ``jax`` has them; no copy.

        JAX's arrays lie on the same bytes where JAX runs on the processor.
        """
        check_format(name)
        return self._with(options=replace(self.options, format=name))

    def with_options(self, *, threads: int | None = None, reader: str | None = None) -> Dataset:
        """Return the same elements, made by `threads` threads, read by `reader`; None: as before.

        At first there is a thread for each core, and the reader of mapped files is ``auto``, which
        chooses, as ``print(ds)`` tells, between ``map`` (page faults), ``ahead`` (exact pages are
        asked for before they are needed) and ``read`` (exact ranges are read into memory). A
        `LazyArray` is always read.
        """
        return self._with(options=arguments.as_options(self.options, threads, reader))

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
    def element_spec(self) -> Nested[ArraySpec]:
        """Shape and dtype of each component, as `ArraySpec`, nested like the elements."""
        from samebytes.plan.element_spec import element_spec

        return element_spec(self.plan)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the bytes of mapped files, and the count of epochs, which begins anew."""
        left_out = {"_epochs", "plan", "pipeline"}
        state = {name: value for name, value in vars(self).items() if name not in left_out}
        return {**state, "arrays": tuple(pack(array) for array in self.arrays)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Map files again, and begin with epoch 0."""
        arrays = tuple(unpack(array) for array in state["arrays"])
        vars(self).update(state, arrays=arrays, _epochs=EpochCounter())

    # ----------------------------------------------------------------------- execution

    def reference(self, indices: npt.ArrayLike, epoch: int = 0) -> Nested[npt.NDArray[Any]]:
        """Return a batch of the samples `indices` by plain, slow NumPy: the oracle of all tests."""
        from samebytes.plan.reference import reference

        epoch = arguments.as_epoch(epoch, "reference(epoch=")
        return reference(self.plan, np.asarray(indices, np.int64), epoch)

    def next_epoch(self) -> int:
        """Return the number of the next epoch, and count it as started."""
        return self._epochs.next_epoch()

    def iterate(self, epoch: int | None = None) -> Iterator:
        """Return an iterator over one epoch, by default the next one.

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
