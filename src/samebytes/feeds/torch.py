"""Batches for a training loop in PyTorch: a plain iterable of tensors, made ahead by threads.

It is no ``DataLoader`` and no ``IterableDataset``: there is nothing to fetch, to stack or to send,
and trainers (Lightning, Accelerate) leave alone what is neither.
"""

from __future__ import annotations

from typing import Any

from samebytes.engine.epoch_counter import EpochCounter
from samebytes.engine.pipeline import Pipeline
from samebytes.feeds.places import CountedPlaces
from samebytes.feeds.resumable import ResumableBatches
from samebytes.share.frameworks import import_torch
from samebytes.share.torch import check_torch_components

__all__ = ["to_torch", "to_torch_dataset"]


def _with_torch_format(pipeline: Pipeline) -> Pipeline:
    """Return the same pipeline, its elements tensors; refuses what PyTorch has no dtype for."""
    import_torch()
    plan = pipeline.plan
    components = [] if plan.later else [(c.name, c.spec.dtype) for c in plan.components]
    check_torch_components(components)  # of what functions give, when they have given it
    return pipeline.with_options(format="torch")


def to_torch(pipeline: Pipeline, epochs: EpochCounter) -> ResumableBatches:
    """Return the elements of a pipeline as PyTorch tensors, again and again; never copies.

    Each iteration is a new epoch, counted when its first element is asked for. It has ``len``,
    ``set_epoch`` (also as ``.sampler.set_epoch``, where trainers look for it), ``state_dict``,
    ``load_state_dict`` and ``close``.

    Raises
    ------
    MissingPackage
        If PyTorch is not installed.
    Unconvertible
        If no tensor can hold a component's dtype: strings, dates, records, extended precision.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images, labels = np.zeros((100, 64, 64, 3), "uint8"), np.arange(100)
    >>> ds = sb.Dataset.from_tensor_slices((images, labels)).map(sb.Rescaling(1 / 255)).batch(32)
    >>> batches = ds.to_torch()
    >>> for x, y in batches:
    ...     pass
    >>> len(batches), x.dtype, tuple(x.shape), batches.state_dict()["epoch"]
    (4, torch.float32, (4, 64, 64, 3), 1)
    """
    return ResumableBatches(_with_torch_format(pipeline), CountedPlaces(epochs))


def to_torch_dataset(dataset: Any, epochs: EpochCounter) -> Any:
    """Return a ``torch.utils.data.IterableDataset`` of the elements as tensors; never copies.

    For who needs a ``DataLoader`` or a ``StatefulDataLoader``: pass it with ``batch_size=None``, so
    that it is left as it is. With ``num_workers=0``, which is the fastest, the engine's threads
    make the batches, and nothing is copied. Several workers share them out: worker k of n makes
    every n-th batch from k on, so they come in the same order, but each is sent from its process,
    which is a copy.

    Parameters
    ----------
    dataset : Dataset
        With a ``pipeline``; workers that are not forked get it pickled.
    epochs : EpochCounter
        The first epoch is the one that is upcoming there.

    Raises
    ------
    MissingPackage
        If PyTorch is not installed.
    Unconvertible
        If no tensor can hold a component's dtype.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> from torch.utils.data import DataLoader
    >>> ds = sb.Dataset.from_tensor_slices(np.arange(10)).batch(4)
    >>> loader = DataLoader(ds.to_torch_dataset(), batch_size=None)
    >>> len(loader), [batch.tolist() for batch in loader]
    (3, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    """
    _with_torch_format(dataset.pipeline)
    from samebytes.feeds.torch_dataset import TorchDataset  # which imports torch

    return TorchDataset(dataset, epochs)
