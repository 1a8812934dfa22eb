"""A dataset for one process of several, as a method of `Dataset`: its slice of every batch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from samebytes.plan import samplers
from samebytes.plan.plan import Plan
from samebytes.plan.rank_slice import RankSlice, based_on, slice_below
from samebytes.plan.ranks import Ranks, as_ranks
from samebytes.plan.recipe import Recipe
from samebytes.plan.reseeding import has_undetermined_seeds

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["DistributeMixin", "check_seeds", "sliced"]

REMAINDERS = ("drop", "pad")


class DistributeMixin:
    """What makes a `Dataset` one process's part of a training, for it to inherit.

    ``self`` is a `Dataset`, which lies above this file.
    """

    def distribute(
        self, num_workers: int | None = None, index: int | None = None, remainder: str = "drop"
    ) -> Self:
        """Return this process's slice of every batch, which is then the batch of all together.

        ``batch(256).distribute()`` in each of 4 processes gives batches of 64 samples; those of all
        processes, in their order, are the batch of 256 that one process alone would have. All have
        equally many. Saved states count global batches: any process can save one, and any number
        of processes that divides the batch can continue from it, exactly.

        Parameters
        ----------
        num_workers, index : int, optional
            How many processes there are, and which one this is. By default that is found out, from
            what is imported already and the environment, by the first that knows: torch.distributed
            and jax.distributed, if initialized; Ray Train; the strategy of TensorFlow in whose
            scope this is, or ``TF_CONFIG``; ``RANK`` and ``WORLD_SIZE``. If nobody knows, this
            process is alone. ``print(ds)`` says what was found. Where ranks share data, as under
            tensor parallelism, give the numbers of data-parallel groups.
        remainder : {"drop", "pad"}
            What becomes of an incomplete last batch: it is left out, or filled up with samples
            from the beginning of the order. Elements then get weights, float32, behind all else:
            1 for each sample, 0 for what only pads. (x, y) becomes (x, y, weights), as Keras has
            it; a dict gets a ``"weights"``, and an array x becomes (x, weights).

        Raises
        ------
        ValueError
            If there is no batch yet, the number of processes does not divide it, the numbers are
            out of range, or what was found makes no sense.

        Examples
        --------
        >>> import numpy as np
        >>> import samebytes as sb
        >>> ds = sb.Dataset.from_tensor_slices(np.arange(10)).batch(4)
        >>> [batch.tolist() for batch in ds.distribute(2, 1)]
        [[2, 3], [6, 7]]
        >>> [weights.tolist() for _, weights in ds.distribute(2, 1, remainder="pad")]
        [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]
        """
        dataset: Any = self
        if dataset._epochs.resumes:  # noqa: SLF001 (its own)
            message = (
                "this dataset begins at a saved position; call distribute() before: "
                "SavePosition(path, ds.batch(n).distribute())"
            )
            raise ValueError(message)
        ranks = as_ranks(num_workers, index)
        options = replace(dataset.options, processes=ranks.neighbours)
        parts = sliced(dataset, ranks, remainder)
        found: Self = dataset._with(**parts, options=options)  # noqa: SLF001 (its own)
        return found


def sliced(recipe: Recipe, ranks: Ranks, remainder: str) -> dict[str, Any]:
    """Return what becomes of the order and the batches of what was asked for; pure.

    Raises
    ------
    ValueError
        If it has no batches that could be sliced among so many.
    """
    size, count = recipe.batch_size, ranks.num_workers
    if remainder not in REMAINDERS:
        message = f"distribute(remainder={remainder!r}): expected 'drop' or 'pad'"
        raise ValueError(message)
    if size is None:
        message = (
            "distribute() slices batches, but this dataset yields single samples: call "
            "batch(n).distribute(), n being the samples of all processes together; to give each "
            "process samples of its own, call shard(num_shards, index)"
        )
        raise ValueError(message)
    if isinstance(recipe.samples, RankSlice):
        message = (
            f"this dataset is process {recipe.samples.index} of {recipe.samples.num_workers} "
            "already; call distribute() once"
        )
        raise ValueError(message)  # noqa: TRY004 (what was asked for before is no wrong type)
    if size % count:
        below, above = size // count * count, -(-size // count) * count
        nearby = f"batch({below}) or batch({above})" if below else f"batch({above})"
        message = (
            f"batches of {size} cannot be sliced evenly among {count} processes ({ranks.found}); "
            f"expected a multiple of {count}, such as {nearby}"
        )
        raise ValueError(message)
    pad = remainder == "pad"
    if pad and recipe.drop_remainder:
        message = (
            "batch(drop_remainder=True) leaves out the incomplete batch that "
            "distribute(remainder='pad') would fill up: leave out one of the two"
        )
        raise ValueError(message)
    mine = RankSlice(recipe.samples, size, count, ranks.index, pad, ranks.found)
    batches = based_on(recipe.batches, lambda _: samplers.Sequential(mine.batches))
    return {
        "samples": mine,
        "batch_size": mine.size,
        "drop_remainder": False,  # none is left
        "batches": batches,
    }


def check_seeds(plan: Plan) -> None:
    """Refuse a plan for one process of several whose order another one would not have.

    Raises
    ------
    ValueError
        If a seed was drawn, because none was given, and no state has put another in its place.
    """
    mine = slice_below(plan.samples)
    if mine is not None and mine.num_workers > 1 and has_undetermined_seeds(plan):
        message = (
            f"this dataset is process {mine.index} of {mine.num_workers}, but a seed was drawn, "
            "and every process draws another: their slices would not be those of one batch. Give "
            "the dataset one seed, ds.seed(0), or every shuffle and random transform its own, "
            "or continue from a saved state, which has its seeds"
        )
        raise ValueError(message)
