"""tf.data, alone and over a tensor that this library shares, and the article's generator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import samebytes as sb
from samebytes.report.bench.contender import TENSORFLOW, Contender
from samebytes.report.bench.jobs.fit import Fit
from samebytes.report.bench.jobs.images import Images
from samebytes.report.bench.jobs.tokens import Tokens
from samebytes.report.bench.jobs.windows import Windows
from samebytes.report.bench.training import Training

__all__ = ["CONTENDERS"]


def _scaled(crops: Any) -> Any:
    import tensorflow as tf

    return tf.cast(crops, tf.float32) * (1 / 255)


def _in_batches(crops: Any, job: Images) -> Any:
    """Batch bytes, a quarter of what floats are, and scale whole batches."""
    import tensorflow as tf

    batches = crops.batch(job.batch, drop_remainder=True)
    return batches.map(_scaled, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _images(job: Images, folder: Path) -> Any:
    import tensorflow as tf

    def crop(image: Any) -> Any:
        return tf.image.random_crop(image, (job.crop, job.crop, 3))

    images = tf.data.Dataset.from_tensor_slices(job.images(folder)).shuffle(job.count).repeat()
    return _in_batches(images.map(crop, num_parallel_calls=tf.data.AUTOTUNE), job)


def _images_shared(job: Images, folder: Path) -> Any:
    import tensorflow as tf

    images = sb.as_tensor(sb.open(job.path(folder)))
    size = (job.crop, job.crop, 3)

    def crop(number: Any) -> Any:
        corner = tf.random.uniform((2,), 0, job.size - job.crop + 1, tf.int64)
        piece = tf.slice(images, [number, corner[0], corner[1], 0], [1, *size])
        return tf.reshape(piece, size)

    numbers = tf.data.Dataset.range(job.count).shuffle(job.count).repeat()
    batches = _in_batches(numbers.map(crop, num_parallel_calls=tf.data.AUTOTUNE), job)
    return batches.with_options(_unrewritten())


def _unrewritten() -> Any:
    """Give options without tf.data's rewriting, which copies a tensor that the dataset holds."""
    import tensorflow as tf

    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    return options


def _article(job: Images, folder: Path) -> Any:
    import tensorflow as tf

    images = job.images(folder)

    def generate() -> Iterator[Any]:
        for index in np.random.permutation(job.count):  # noqa: NPY002 (as the article has it)
            top, left = np.random.randint(0, job.size - job.crop, 2)  # noqa: NPY002
            crop = images[index, top : top + job.crop, left : left + job.crop]
            yield crop.astype(np.float32) / 255.0

    signature = tf.TensorSpec((job.crop, job.crop, 3), tf.float32)
    crops = tf.data.Dataset.from_generator(generate, output_signature=signature)
    return crops.batch(job.batch, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def _windows(job: Windows, folder: Path) -> Any:
    import tensorflow as tf

    series = tf.constant(job.series(folder))
    targets = tf.constant(job.series(folder)[:, 0])
    steps = tf.range(job.length, dtype=tf.int64)

    def gather(starts: Any) -> Any:
        windows = tf.gather(series, starts[:, tf.newaxis] + steps)
        return windows, tf.gather(targets, starts + job.length)

    def epoch(_: Any) -> Any:
        starts = tf.random.shuffle(tf.range(job.count, dtype=tf.int64))
        starts = tf.data.Dataset.from_tensor_slices(starts)
        return starts.batch(job.batch, drop_remainder=True)

    batches = tf.data.Dataset.range(1).repeat().flat_map(epoch)
    batches = batches.map(gather, num_parallel_calls=tf.data.AUTOTUNE)
    return batches.prefetch(tf.data.AUTOTUNE)


def _tokens(job: Tokens, folder: Path) -> Any:
    import tensorflow as tf

    text = tf.constant(np.array(job.tokens(folder)))
    length = job.context + 1

    def piece(start: Any) -> Any:
        return tf.ensure_shape(tf.slice(text, [start], [length]), [length])

    def pair(pieces: Any) -> Any:
        wide = tf.cast(pieces, tf.int64)
        return wide[:, :-1], wide[:, 1:]

    count = (job.count - 1) // job.context
    starts = tf.data.Dataset.range(0, count * job.context, job.context).shuffle(count).repeat()
    pieces = starts.map(piece, num_parallel_calls=tf.data.AUTOTUNE)
    batches = pieces.batch(job.sequences, drop_remainder=True)
    return batches.map(pair, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _fit(job: Fit, folder: Path) -> Training:
    import tensorflow as tf

    def scaled(images: Any, labels: Any) -> Any:
        return _scaled(images), labels

    def inputs() -> dict[str, Any]:
        both = (job.images(folder), job.labels(folder))
        batches = tf.data.Dataset.from_tensor_slices(both).shuffle(job.count).batch(job.batch)
        batches = batches.map(scaled, num_parallel_calls=tf.data.AUTOTUNE)
        return {"x": batches.prefetch(tf.data.AUTOTUNE)}

    return Training(job, inputs)


def _tensorflow(job: str, key: str, name: str, settings: str, start: Any) -> Contender:
    return Contender(job, key, name, settings, start, TENSORFLOW, ("tensorflow",))


CONTENDERS = (
    _tensorflow(
        "images",
        "tf-data",
        "tf.data",
        "from_tensor_slices, crop in a map with AUTOTUNE, batch, then cast and scale whole "
        "batches, prefetch: batching bytes costs less than batching floats; measured beside all in "
        "one map, parallel batch and deterministic=False",
        _images,
    ),
    _tensorflow(
        "images",
        "tf-data-shared",
        "tf.data over a shared tensor",
        "range, and a slice of the tensor that samebytes shares; else as tf.data",
        _images_shared,
    ),
    _tensorflow(
        "images",
        "article",
        "the article's generator",
        "from_generator, image by image, as the article has it; batch and prefetch behind it",
        _article,
    ),
    _tensorflow(
        "windows",
        "tf-data",
        "tf.data",
        "starts shuffled at once and batched, one gather a batch in a map with AUTOTUNE, prefetch; "
        "measured beside shuffle of single starts, and beside a slice a window",
        _windows,
    ),
    _tensorflow(
        "tokens",
        "tf-data",
        "tf.data",
        "starts shuffled, a slice each in a map with AUTOTUNE, batch, then widened as whole "
        "batches, prefetch; measured beside widening first, and one gather a batch",
        _tokens,
    ),
    _tensorflow(
        "fit",
        "tf-data",
        "fit(tf.data)",
        "from_tensor_slices of bytes, shuffle, batch, scaled as whole batches, prefetch",
        _fit,
    ),
)
