"""`balance` and `weighted`: each class, or sample, as often as asked; methods of `Dataset`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.choosing import changed_below, check_unbatched, labels_of
from samebytes.plan.class_index import Balanced
from samebytes.plan.labels import Labels
from samebytes.plan.proportions import as_weights, whole_weights
from samebytes.plan.samplers import Sampler
from samebytes.plan.seeds import as_seed
from samebytes.plan.weighted import Weighted, as_sample_weights

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["BalancingMixin"]


class BalancingMixin:
    """What makes a `Dataset` one of classes in other proportions, for it to inherit.

    ``self`` is a `Dataset`, which lies above this file.
    """

    def balance(
        self, labels: Any, weights: Mapping[Any, float] | npt.ArrayLike | None = None
    ) -> Self:
        """Return as many samples, each class as often as its weight says; never copies.

        Classes take turns: at any place each has had its share to less than one sample. Those of a
        class come one after the other, and begin anew where there are too few; an epoch goes on
        where the one before stopped. ``shuffle()`` behind it mixes them.

        The labels are read once, now. Beside them, a byte for each sample with up to 256 classes,
        finding the samples takes a bit for each.

        Parameters
        ----------
        labels : name, place, or array
            A class for each sample: a component, or values.
        weights : dict, or sequence of float, optional
            How often each class comes, from 0 on: by class, or for all classes in ascending order.
            By default all equally often.

        Raises
        ------
        ValueError
            If a label is NaN, there is no such class, or a weight is no number from 0 on.

        Examples
        --------
        >>> import numpy as np
        >>> import samebytes as sb
        >>> y = np.array([0, 0, 0, 0, 0, 1, 0, 2])
        >>> ds = sb.Dataset.from_tensor_slices({"x": np.arange(8), "y": y})
        >>> [int(element["y"]) for element in ds.balance("y", {0: 2, 1: 1, 2: 1})]
        [0, 1, 0, 2, 0, 1, 0, 2]
        """
        check_unbatched(self, "balance")
        found = labels_of(self, labels, "balance(labels=)")

        def balanced(order: Sampler, length: int) -> Sampler:
            if not length:
                return order
            known = found(order, length)
            return Balanced(order, known, _weights(known, weights))

        return changed_below(self, "balance", balanced)

    def weighted(
        self,
        weights: npt.ArrayLike,
        *,
        replacement: bool = True,
        seed: int | None = None,
    ) -> Self:
        """Return as many samples, drawn by their weights, in each epoch other ones; never copies.

        What `torch.utils.data.WeightedRandomSampler` does, for any number of processes: a draw
        depends on the seed, the epoch and its place alone. The weights take 8 bytes each.

        Parameters
        ----------
        weights : array
            How likely each sample is, from 0 on; they need not add up to 1.
        replacement : bool
            Must be True: a sample may come again. To have every sample once, `shuffle`.
        seed : int, optional
            Of the draws; by default as for `shuffle`.

        Raises
        ------
        ValueError
            If there is not a weight for each sample, one is no number from 0 on, or all are 0.

        Examples
        --------
        >>> import numpy as np
        >>> import samebytes as sb
        >>> ds = sb.Dataset.from_tensor_slices(np.arange(4)).weighted([0, 0, 5, 0], seed=0)
        >>> [int(x) for x in ds]
        [2, 2, 2, 2]
        """
        check_unbatched(self, "weighted")
        if not replacement:
            message = (
                "weighted(replacement=False): without replacement every sample of an epoch comes "
                "once, whatever its weight; call shuffle(), or balance(labels, weights)"
            )
            raise ValueError(message)
        key = as_seed(seed)

        def drawn(order: Sampler, length: int) -> Sampler:
            return Weighted(order, as_sample_weights(weights, length), key) if length else order

        return changed_below(self, "weighted", drawn)


def _weights(labels: Labels, given: Any) -> tuple[int, ...]:
    classes = labels.classes.tolist()
    if isinstance(given, Mapping):
        unknown = [one for one in given if one not in classes]
        missing = [one for one in classes if one not in given]
        if unknown or missing:
            told = (
                f"there is no class {unknown[0]!r}" if unknown else f"class {missing[0]!r} has none"
            )
            message = (
                f"balance(weights=): {told}; expected a weight for each of {len(classes):,} "
                f"classes, the first of them {', '.join(map(repr, classes[:8]))}"
            )
            raise ValueError(message)
        given = np.array([given[one] for one in classes])
    return whole_weights(as_weights(given, len(classes), "balance(weights=)", "classes"))
