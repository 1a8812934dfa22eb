"""tf.data, alone and over a shared tensor, and the article's generator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from samebytes.report.bench.contender import TENSORFLOW, Contender
from samebytes.report.bench.jobs.images import Images

__all__ = ["CONTENDERS"]


def _images_slices(job: Images, folder: Path) -> Any:
    import tensorflow as tf

    def crop(image: Any) -> Any:
        piece = tf.image.random_crop(image, (job.crop, job.crop, 3))
        return tf.cast(piece, tf.float32) * (1 / 255)

    return (
        tf.data.Dataset.from_tensor_slices(job.images(folder))
        .shuffle(job.count)
        .repeat()
        .map(crop, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(job.batch, drop_remainder=True)
        .prefetch(tf.data.AUTOTUNE)
    )


CONTENDERS = (
    Contender(
        "images",
        "tf-data",
        "tf.data",
        "from_tensor_slices, crop, cast and scale in one map with AUTOTUNE, prefetch",
        _images_slices,
        TENSORFLOW,
        ("tensorflow",),
    ),
)
