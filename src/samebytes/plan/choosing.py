"""The verbs that choose samples, as methods of `Dataset`: by index, mask, predicate or share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from samebytes.plan import samplers
from samebytes.plan.arguments import whole_number
from samebytes.plan.component_values import component_called, component_values, mask_of
from samebytes.plan.divisions import Division, Grouped, Stratified, part_sizes
from samebytes.plan.index_tables import IndexList, IndexRange, IndexTable, table_of_mask
from samebytes.plan.labels import Labels, as_labels
from samebytes.plan.samplers import Sampler
from samebytes.plan.seeds import as_seed
from samebytes.plan.selection import Part, Select, Without, below_shuffles

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ChoosingMixin", "changed_below", "check_unbatched", "labels_of"]

D = TypeVar("D")


class ChoosingMixin:
    """What makes a `Dataset` one of some of its samples, for it to inherit.

    ``self`` is a `Dataset`, which lies above this file.
    """

    def select(self, indices: Any) -> Self:
        """Return the elements at `indices`, in their order; never copies any.

        Parameters
        ----------
        indices : sequence of int, range or slice
            Places among the elements as they come; those below 0 count from the end. An element may
            come several times. They take 8 bytes each, a range or a slice nothing.

        Raises
        ------
        IndexError
            If there is no such element.
        ValueError
            If the dataset is endless.

        Examples
        --------
        >>> import numpy as np
        >>> import samebytes as sb
        >>> ds = sb.Dataset.from_tensor_slices(np.arange(10))
        >>> [int(x) for x in ds.select([7, -1, 7])], len(ds.select(slice(None, None, 3)))
        ([7, 9, 7], 4)
        """
        dataset: Any = self
        length = dataset.length
        if length is None:
            message = "select: an endless dataset has no index; call it before repeat()"
            raise ValueError(message)
        table = _table(indices, length)
        found: Self = dataset._chain(lambda order: Select(order, table))  # noqa: SLF001 (its own)
        return found

    def filter(self, predicate: Any, *, on: Any = None) -> Self:
        """Return the samples that `predicate` keeps, in their order; never copies any.

        Parameters
        ----------
        predicate : callable, or array of bool
            A function is called now, once for each sample, with many of them at a time: an array
            of one component, as the dataset has it here, with the samples along its first axis. It
            returns a bool for each. It runs on all threads, and nothing else is read. An array has
            a bool for each sample. What is kept takes 8 bytes a sample, or a bit for each there is.
        on : name or place, optional
            The component that a function is given; not needed if there is only one.

        Raises
        ------
        ValueError
            If the dataset is endless or batched; or what is kept would be another in each epoch: if
            a random transform or ``shuffle().take(n)`` come before.
        TypeError
            If a function does not return a bool for each sample.

        Examples
        --------
        >>> import numpy as np
        >>> import samebytes as sb
        >>> ds = sb.Dataset.from_tensor_slices({"x": np.arange(10) * 10, "y": np.arange(10) % 3})
        >>> [int(element["x"]) for element in ds.filter(lambda y: y == 1, on="y")]
        [10, 40, 70]
        """
        check_unbatched(self, "filter")
        mask = mask_of(self, predicate, on)

        def kept(order: Sampler, length: int) -> Sampler:
            return Select(order, table_of_mask(mask(order, length)), "filter")

        return changed_below(self, "filter", kept)

    def split(
        self,
        *parts: float,
        seed: int | None = None,
        shuffle: bool = True,
        stratify: Any = None,
        groups: Any = None,
    ) -> tuple[Self, ...]:
        """Return the dataset in parts that share no sample, and together have all; never copies.

        Parameters
        ----------
        *parts : float or int
            The share of each, such as 0.8 and 0.2 (0.8 alone means these two), or its number of
            samples.
        seed : int, optional
            Of what decides which samples are in which part; by default as for `shuffle`.
        shuffle : bool
            Whether that is random. Otherwise each part has what follows the part before, the order
            to choose for series, and for files that do not fit in memory.
        stratify : name, place, or array, optional
            A class for each sample: a component, or values. Every part has its share of each.
        groups : name, place, or array, optional
            A group for each sample; all of a group are in one part.

        Raises
        ------
        ValueError
            If shares do not add up to 1, or numbers to the length; if the dataset is endless or
            batched; if there are fewer groups than parts, or classes and groups at once.

        Examples
        --------
        >>> import numpy as np
        >>> import samebytes as sb
        >>> ds = sb.Dataset.from_tensor_slices(np.arange(10))
        >>> train, test = ds.split(0.8, 0.2, seed=0)
        >>> sorted(int(x) for part in (train, test) for x in part) == list(range(10))
        True
        """
        check_unbatched(self, "split")
        key = as_seed(seed) if shuffle else None
        divided = _division(self, stratify, groups, "split")

        def part(number: int) -> Any:
            def mine(order: Sampler, length: int) -> Sampler:
                sizes = part_sizes(parts, length, "split")
                return _parts(order, sizes, [number], key, divided)

            return changed_below(self, "split", mine)

        count = len(parts) + (len(parts) == 1 and isinstance(parts[0], float))
        return tuple(part(number) for number in range(max(count, 1)))

    def k_fold(
        self,
        folds: int,
        *,
        seed: int | None = None,
        shuffle: bool = True,
        stratify: Any = None,
        groups: Any = None,
    ) -> tuple[tuple[Self, Self], ...]:
        """Return for each of `folds` parts (all other parts, this part): to train, and to validate.

        The arguments are those of `split`, into so many parts of one size; never copies.

        Examples
        --------
        >>> import numpy as np
        >>> import samebytes as sb
        >>> ds = sb.Dataset.from_tensor_slices(np.arange(10))
        >>> [(len(train), len(valid)) for train, valid in ds.k_fold(3, seed=0)]
        [(7, 3), (6, 4), (7, 3)]
        """
        check_unbatched(self, "k_fold")
        count = whole_number(folds, "k_fold(", least=2)
        key = as_seed(seed) if shuffle else None
        divided = _division(self, stratify, groups, "k_fold")

        def part(*chosen: int) -> Any:
            def mine(order: Sampler, length: int) -> Sampler:
                if count > length:
                    message = f"k_fold({count}): there are {length:,} samples; expected at most"
                    raise ValueError(f"{message} as many folds")
                borders = [round(fold * length / count) for fold in range(count + 1)]
                return _parts(order, np.diff(borders).tolist(), chosen, key, divided)

            return changed_below(self, "k_fold", mine)

        every = range(count)
        return tuple((part(*(one for one in every if one != fold)), part(fold)) for fold in every)


def changed_below(dataset: D, verb: str, change: Callable[[Sampler, int], Sampler]) -> D:
    """Return the dataset with `change` made to what its shuffles and repeats are of."""
    whole: Any = dataset
    found: D = whole._with(samples=below_shuffles(whole.samples, verb, change))  # noqa: SLF001
    return found


def check_unbatched(dataset: Any, verb: str) -> None:
    """Refuse a dataset that has batches already."""
    if dataset.batch_size is not None:
        message = (
            f"{verb} chooses samples, but this dataset has batches of {dataset.batch_size}: call "
            "it before batch()"
        )
        raise ValueError(message)


def _table(indices: Any, length: int) -> IndexTable:
    """Return what was asked for as a table of positions below `length`."""
    if isinstance(indices, slice):
        return IndexRange(range(length)[indices])
    if isinstance(indices, range):
        ends = [indices[0], indices[-1]] if indices else []
        if not any(end < 0 for end in ends):
            _check_within(np.array(ends, np.int64), length)
            return IndexRange(indices)
    array = np.asarray(indices)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        wanted = "; to choose by a mask, call filter(mask)" if array.dtype == bool else ""
        message = (
            f"select(indices): expected whole numbers along one axis; got {array.dtype} of shape "
            f"{array.shape}{wanted}"
        )
        raise TypeError(message)
    _check_within(array, length)
    chosen = array.astype(np.int64)
    chosen[chosen < 0] += length
    return IndexList(chosen)


def _check_within(indices: npt.NDArray[Any], length: int) -> None:
    outside = (indices >= length) | (indices < -length)
    if outside.any():
        message = (
            f"select(indices): there is no element {int(indices[outside.argmax()]):,}, since there "
            f"are {length:,}; expected numbers from 0 to {length - 1:,}, or from -{length:,} on"
        )
        raise IndexError(message)


LabelsOf = Callable[[Sampler, int], Labels]
DivisionOf = Callable[[Sampler, "list[int]"], Division]


def _division(dataset: Any, stratify: Any, groups: Any, verb: str) -> DivisionOf | None:
    """Return how to divide an order into parts of some sizes, None for without regard to labels."""
    if stratify is None and groups is None:
        return None
    if stratify is not None and groups is not None:
        message = f"{verb}(stratify=, groups=): a group has no class of its own; pass one of them"
        raise ValueError(message)
    called = f"{verb}({'stratify' if groups is None else 'groups'}=)"
    labels = labels_of(dataset, stratify if groups is None else groups, called)
    made: list[Division] = []  # once, for all parts

    def divided(order: Sampler, sizes: list[int]) -> Division:
        if not made:
            found = labels(order, sum(sizes))
            if groups is not None and len(found.classes) < len(sizes):
                message = (
                    f"{called}: {len(sizes)} parts cannot have whole groups, of which there are "
                    f"{len(found.classes)}; expected at least as many groups as parts"
                )
                raise ValueError(message)
            kind = Stratified if groups is None else Grouped
            made.append(kind(found, sizes))
        return made[0]

    return divided


def labels_of(dataset: Any, given: Any, called: str) -> LabelsOf:
    """Return what tells the classes of an order's samples: a component's values, or an array's."""

    def found(order: Sampler, length: int) -> Labels:
        values = given
        if isinstance(given, str | int | np.integer):
            place = component_called(dataset, given, called)
            values = component_values(dataset, order, place, called, np.copy)
        return as_labels(values, length, called)

    return found


def _parts(
    order: Sampler,
    sizes: list[int],
    chosen: Sequence[int],
    seed: int | None,
    divided: DivisionOf | None,
) -> Sampler:
    """Return the samples of the `chosen` parts: one of them, or all but one."""
    if divided is not None:
        return Part(order, divided(order, sizes), tuple(chosen), seed)
    if seed is not None:
        order = samplers.Shuffle(order, seed, reshuffle=False)
    borders = np.cumsum([0, *sizes]).tolist()
    cuts = list(pairwise(borders))
    if len(chosen) == 1:
        start, stop = cuts[chosen[0]]
        return samplers.Take(samplers.Skip(order, start), stop - start)
    (left_out,) = set(range(len(sizes))) - set(chosen)
    return Without(order, *cuts[left_out])
