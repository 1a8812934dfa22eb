"""Verbs of tf.data that say something in its words, as methods of `Dataset`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from samebytes.plan.arguments import whole_number
from samebytes.plan.combining import concat
from samebytes.plan.recipe import Recipe
from samebytes.plan.unbatching import unbatched
from samebytes.plan.zipping import counted

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["INFINITE_CARDINALITY", "FamiliarMixin"]

INFINITE_CARDINALITY = -1
"""What `cardinality` is of a dataset that never ends, as in tf.data."""

T = TypeVar("T")


class FamiliarMixin:
    """What people write who come from tf.data, for `Dataset` to inherit.

    ``self`` is a `Dataset`, which lies above this file.
    """

    def concatenate(self, dataset: Any) -> Self:
        """Return these elements, then those of another dataset; never copies: see `concat`."""
        found: Self = concat([self, dataset])
        return found

    def enumerate(self, start: int = 0) -> Self:
        """Return pairs of the number of each element, int64, from `start` on, and the element.

        Examples
        --------
        >>> import numpy as np
        >>> import samebytes as sb
        >>> ds = sb.Dataset.from_tensor_slices(np.arange(30)).skip(27)
        >>> [(int(n), int(x)) for n, x in ds.enumerate(start=5)]
        [(5, 27), (6, 28), (7, 29)]
        """
        found: Self = counted(self, whole_number(start, "enumerate(", below=1 << 61))
        return found

    def unbatch(self) -> Self:
        """Return the samples of the batches, one after the other.

        Raises
        ------
        ValueError
            If there are no batches, a function was given them whole, or they are distributed.
        """
        dataset: Any = self
        found: Self = dataset._with(  # noqa: SLF001 (its own)
            samples=unbatched(dataset), batch_size=None, batches=None, drop_remainder=False
        )
        return found

    def rebatch(self, batch_size: int, drop_remainder: bool = False) -> Self:  # noqa: FBT001, FBT002 (tf.data's signature)
        """Return the same samples in batches of another size: ``unbatch().batch(batch_size)``."""
        apart: Any = self.unbatch()
        found: Self = apart.batch(batch_size, drop_remainder)
        return found

    def cardinality(self) -> int:
        """Return the number of elements, -1 if they never end; it is never unknown."""
        dataset: Any = self
        length: int | None = dataset.length
        return INFINITE_CARDINALITY if length is None else length

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Return an iterator over the next epoch, as NumPy arrays whatever the format; no copy."""
        dataset: Any = self
        epoch = dataset.next_epoch()
        found: Iterator[Any] = dataset.with_format("numpy").iterate(epoch)
        return found

    def apply(self, transformation_func: Callable[[Self], T]) -> T:
        """Return what a function makes of this dataset, which must be a dataset.

        Raises
        ------
        TypeError
            If it is something else.
        """
        found = transformation_func(self)
        if not isinstance(found, Recipe):
            name = getattr(transformation_func, "__name__", "the function")
            message = f"apply: expected {name} to return a dataset; got {type(found).__name__}"
            raise TypeError(message)
        return found
