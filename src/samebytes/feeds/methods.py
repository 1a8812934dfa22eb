"""The feeds by name: how a `Dataset` goes to each trainer, one method each."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["FeedsMixin"]


class FeedsMixin:
    """The ways out of a `Dataset`, for it to inherit; each feed is imported when it is asked for.

    ``self`` is a `Dataset`, which lies above this file.
    """

    def to_tf(self: Any, strategy: Any = None) -> Any:
        """Return a ``tf.data.Dataset`` of the same elements, on the same bytes; never copies.

        With a `strategy` of ``tf.distribute`` it is what that distributes: each element is a batch,
        cut among the replicas of this process. Where the strategy has several workers, the dataset
        must be distributed among them: ``ds.batch(n).distribute().to_tf(strategy)``.
        """
        from samebytes.feeds.tf_data import to_tf

        return to_tf(self.pipeline, self._epochs, strategy)

    def to_keras(self: Any, *, workers: int = 1, max_queue_size: int | None = None) -> Any:
        """Return a ``keras.utils.PyDataset`` of the same batches, on the same bytes."""
        from samebytes.feeds.keras import to_keras

        return to_keras(self.pipeline, self._epochs, workers=workers, max_queue_size=max_queue_size)

    def to_torch(self: Any) -> Any:
        """Return an iterable of PyTorch tensors, on the same bytes, that saves where it stands."""
        from samebytes.feeds.torch import to_torch

        return to_torch(self.pipeline, self._epochs)

    def to_torch_dataset(self: Any) -> Any:
        """Return an ``IterableDataset`` of such tensors, for a ``DataLoader(batch_size=None)``."""
        from samebytes.feeds.torch import to_torch_dataset

        return to_torch_dataset(self, self._epochs)

    def to_jax(self: Any, sharding: Any = None) -> Any:
        """Return the same elements as JAX's arrays, again and again, one batch on its way ahead."""
        from samebytes.feeds.jax import to_jax

        return to_jax(self.pipeline, self._epochs, sharding)

    def to_grain(self: Any) -> Any:
        """Return a ``grain.MapDataset`` of the same elements, by index, each repeat an epoch."""
        from samebytes.feeds.grain import to_grain

        return to_grain(self)

    def to_ray(self: Any, **options: Any) -> Any:
        """Return a ``ray.data.Dataset`` of an epoch, which tasks on any node make."""
        from samebytes.feeds.ray import to_ray

        return to_ray(self, **options)

    def save(self: Any, path: str | os.PathLike[str], epoch: int = 0) -> None:
        """Write what an epoch is to a new folder, a ``.npy`` file each component; copies to disk.

        Written as it is made, and there at the end, whole or not at all. `sb.load` opens it.

        Raises
        ------
        FileExistsError
            If there is something at `path`.
        ValueError
            If the dataset is endless.
        """
        from samebytes.feeds.npy_files import save

        save(self, path, epoch)
