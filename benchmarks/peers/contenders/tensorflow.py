"""tf.data, alone and over a tensor that this library shares, and the article's generator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import samebytes as sb
from benchmarks.peers.contender import TENSORFLOW, Contender
from benchmarks.peers.jobs.fit import Fit
from benchmarks.peers.jobs.images import Images
from benchmarks.peers.jobs.tokens import Tokens
from benchmarks.peers.jobs.windows import Windows
from benchmarks.peers.training import Training

__all__ = ["CONTENDERS"]


def _scaled(crops: Any) -> Any:
    import tensorflow as tf

    return tf.cast(crops, tf.float32) * (1 / 255)


def _images(job: Images, folder: Path) -> Any:
    return _images_from(job.images(folder), job)


def _images_from(images: Any, job: Images) -> Any:
    import tensorflow as tf

    def crop(image: Any) -> Any:
        return tf.image.random_crop(image, (job.crop, job.crop, 3))

    samples = tf.data.Dataset.from_tensor_slices(images).shuffle(job.count).repeat()
    crops = samples.map(crop, num_parallel_calls=tf.data.AUTOTUNE)
    # Bytes are batched, a quarter of what floats are, and whole batches scaled.
    batches = crops.batch(job.batch, drop_remainder=True)
    return batches.map(_scaled, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _images_shared(job: Images, folder: Path) -> Any:
    return _images_from(sb.as_tensor(sb.open(job.path(folder))), job)


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

    text = job.tokens(folder)
    count = (job.count - 1) // job.context
    x = tf.constant(text[: count * job.context].reshape(count, job.context))
    y = tf.constant(text[1 : count * job.context + 1].reshape(count, job.context))

    def rows(chosen: Any) -> Any:
        return tuple(tf.cast(tf.gather(each, chosen), tf.int64) for each in (x, y))

    numbers = tf.data.Dataset.range(count).shuffle(count).repeat()
    batches = numbers.batch(job.sequences, drop_remainder=True)
    return batches.map(rows, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


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
        "batches, prefetch: batching bytes costs less than batching floats; measured against all "
        "in one map, parallel batch and deterministic=False",
        _images,
    ),
    _tensorflow(
        "images",
        "tf-data-shared",
        "tf.data over a shared tensor",
        "the same, from_tensor_slices of the tensor that samebytes shares; measured against "
        "range with a slice or an index of it, and without tf.data's rewriting",
        _images_shared,
    ),
    _tensorflow(
        "images",
        "article",
        "the article's generator",
        "from_generator, image by image, as in the article; batch and prefetch follow",
        _article,
    ),
    _tensorflow(
        "windows",
        "tf-data",
        "tf.data",
        "starts shuffled at once and batched, one gather a batch in a map with AUTOTUNE, prefetch; "
        "measured against shuffle of single starts, and beside a slice a window",
        _windows,
    ),
    _tensorflow(
        "tokens",
        "tf-data",
        "tf.data",
        "the text as a matrix of contexts, and again one token ahead; rows shuffled, batched, "
        "gathered and widened in a map with AUTOTUNE, prefetch; measured against a slice a "
        "context, and one gather of tokens a batch",
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
