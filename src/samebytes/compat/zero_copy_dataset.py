"""`ZeroCopyDataset`: the article's class, a ``tf.data.Dataset`` that batches at engine speed."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from samebytes.dataset import Dataset
from samebytes.plan.transforms import RandomCrop, Rescaling
from samebytes.share.frameworks import import_tensorflow

__all__ = ["ZeroCopyDataset"]

if TYPE_CHECKING:
    ZeroCopyDataset: Any


def __getattr__(name: str) -> Any:
    # The class derives from one of TensorFlow's, which is imported when it is first asked for.
    if name == "ZeroCopyDataset":
        return _zero_copy_dataset()
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def _cropped(images: Any, crop_size: Any, scale: float | None, seed: int | None) -> Dataset:
    """Return the dataset of random crops of the images, scaled."""
    found = Dataset.from_tensor_slices(images)
    if crop_size is not None:
        height, width = (crop_size, crop_size) if isinstance(crop_size, int) else crop_size
        found = found.map(RandomCrop(height, width), seed=seed)
    return found if scale is None else found.map(Rescaling(scale))


# ruff: noqa: ARG002 (arguments that tf.data has and the engine does not need)


@functools.cache
def _zero_copy_dataset() -> Any:  # noqa: C901 (a class, which can be made only once TensorFlow is there)
    tensorflow = import_tensorflow()

    class ZeroCopyDataset(tensorflow.data.Dataset):  # type: ignore[misc, name-defined]
        """Random crops of images as a ``tf.data.Dataset``; batches written once, never copied.

        ``ZeroCopyDataset(images).batch(32).prefetch(tf.data.AUTOTUNE)`` runs at the engine's speed:
        the engine does the ``batch``, also after ``shuffle``, ``take``, ``skip``, ``repeat`` and
        ``shard``. Every other method is tf.data's own, and works on the samples as on any dataset.
        Each iteration draws new crops; ``shuffle`` is always full.

        Parameters
        ----------
        images : array, or nested tuple, dict, named tuple of arrays
            Images with the axes sample, height, width, channels, mapped files included; in a
            structure, the first component with such axes is cropped, and the others are unchanged.
        crop_size : (int, int) or int, optional
            Height and width; None leaves the images whole.
        scale : float, optional
            Factor by which pixels are multiplied, as float32; None leaves them unchanged.
        seed : int, optional
            Seed of the crops; by default a random one.

        Attributes
        ----------
        samples : Dataset
            The same as a samebytes dataset.

        Examples
        --------
        >>> import numpy as np
        >>> import tensorflow as tf
        >>> from samebytes.compat.zero_copy_dataset import ZeroCopyDataset
        >>> images = np.zeros((100, 64, 64, 3), "uint8")
        >>> ds = ZeroCopyDataset(images, crop_size=(32, 32)).batch(32).prefetch(tf.data.AUTOTUNE)
        >>> [tuple(batch.shape) for batch in ds][-1]
        (4, 32, 32, 3)
        """

        def __init__(
            self,
            images: Any,
            crop_size: Any = (256, 256),
            scale: float | None = 1 / 255,
            seed: int | None = None,
        ) -> None:
            self._wrap_samples(_cropped(images, crop_size, scale, seed))

        def _wrap_samples(self, samples: Dataset) -> None:
            self.samples = samples
            self._engine = samples.to_tf()
            super().__init__(tensorflow.data.experimental.to_variant(self._engine))

        def _with_samples(self, samples: Dataset) -> Any:
            found = type(self).__new__(type(self))
            found._wrap_samples(samples)  # noqa: SLF001
            return found

        def _inputs(self) -> list[Any]:
            return [self._engine]

        @property
        def element_spec(self) -> Any:
            """Shapes and dtypes of a sample, as tf.data has them."""
            return self._engine.element_spec

        def shuffle(
            self,
            buffer_size: Any = None,
            seed: Any = None,
            reshuffle_each_iteration: bool | None = None,  # noqa: FBT001 (tf.data's signature)
            name: str | None = None,
        ) -> Any:
            """Return the samples in a random order, fully shuffled whatever `buffer_size` says."""
            again = reshuffle_each_iteration is None or reshuffle_each_iteration
            key = None if seed is None else int(seed)
            return self._with_samples(self.samples.shuffle(None, key, bool(again)))

        def take(self, count: Any, name: str | None = None) -> Any:
            """Return the first `count` samples."""
            return self._with_samples(self.samples.take(int(count)))

        def skip(self, count: Any, name: str | None = None) -> Any:
            """Return all but the first `count` samples."""
            return self._with_samples(self.samples.skip(int(count)))

        def shard(self, num_shards: Any, index: Any, name: str | None = None) -> Any:
            """Return every `num_shards`-th sample, from `index` on."""
            return self._with_samples(self.samples.shard(int(num_shards), int(index)))

        def repeat(self, count: Any = None, name: str | None = None) -> Any:
            """Return the samples `count` times; None repeats without end."""
            return self._with_samples(self.samples.repeat(None if count is None else int(count)))

        def batch(
            self,
            batch_size: Any,
            drop_remainder: Any = False,  # noqa: FBT002 (tf.data's signature)
            num_parallel_calls: Any = None,
            deterministic: bool | None = None,  # noqa: FBT001 (tf.data's signature)
            name: str | None = None,
        ) -> Any:
            """Return batches written by the engine, which chooses threads and order itself."""
            return self.samples.batch(int(batch_size), bool(drop_remainder)).to_tf()

    ZeroCopyDataset.__module__ = __name__
    ZeroCopyDataset.__qualname__ = "ZeroCopyDataset"
    return ZeroCopyDataset
