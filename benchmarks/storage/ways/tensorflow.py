"""tf.data over the mapped file, by a generator: the file does not fit into a tensor."""

from __future__ import annotations

from benchmarks.peers.contender import TENSORFLOW
from benchmarks.storage.measured import pull
from benchmarks.storage.patterns.pattern import ArrayPattern
from benchmarks.storage.result import Role, Turn
from benchmarks.storage.way import Task, Way
from benchmarks.storage.ways.numpy import samples_of

__all__ = ["TF_DATA"]


def _run(task: Task) -> Turn:
    import samebytes.measure.tensorflow_startup

    samebytes.measure.tensorflow_startup.hide_accelerators()
    samebytes.measure.tensorflow_startup.import_quietly()
    import tensorflow as tf

    pattern: ArrayPattern = task.pattern
    samples = tf.data.Dataset.from_generator(
        lambda: samples_of(pattern, task.source),
        output_signature=tf.TensorSpec(pattern.shape, pattern.dtype),
    )
    batches = samples.batch(pattern.batch, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    return pull(iter(batches), task.pace, lambda first: pattern.check(first, task.source))


TF_DATA = Way(
    "tf-data",
    "tf.data, from_generator",
    Role.PEER,
    "a generator of samples of the mapped file, batch, prefetch with AUTOTUNE",
    _run,
    TENSORFLOW,
)
