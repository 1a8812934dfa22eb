r"""Train with TensorFlow on several machines: each worker makes its slice of every batch.

Start it on each machine, with that machine's number; here both are this one::

    cluster='"cluster": {"worker": ["localhost:20001", "localhost:20002"]}'
    for index in 0 1; do
        TF_CONFIG="{$cluster, \"task\": {\"type\": \"worker\", \"index\": $index}}" \
            python train_multi_worker.py &
    done

Without ``TF_CONFIG`` one process trains alone, on the same batches: the losses are the same.

The loop is written out, because Keras' ``fit`` does not run with several workers:
https://github.com/keras-team/keras/issues/20585.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

import samebytes as sb

BATCH, EPOCHS = 64, 3  # samples of all workers together

# Before anything else of TensorFlow's: it connects the workers.
strategy = tf.distribute.MultiWorkerMirroredStrategy()

# What every worker can read. Here it is made up; else it is a file that they share.
rng = np.random.default_rng(0)
features = rng.normal(size=(1000, 16)).astype("float32")
targets = np.tanh(features @ rng.normal(size=(16, 1))).astype("float32")

ds = (
    sb.Dataset.from_tensor_slices((features, targets))
    .shuffle(seed=0)  # the same order for all,
    .batch(BATCH)
    .distribute()  # and each its slice
)
batches = ds.to_tf(strategy)
print(ds)

keras.utils.set_random_seed(0)
with strategy.scope():
    model = keras.Sequential(
        [keras.Input((16,)), keras.layers.Dense(32, "tanh"), keras.layers.Dense(1)]
    )
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)


@tf.function
def train_step(batch: Any) -> Any:
    """Train on a batch, each replica on its part, and return the loss of all of it."""

    def part(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            errors = tf.reduce_mean((model(x, training=True) - y) ** 2, axis=1)
            loss = tf.nn.compute_average_loss(errors, global_batch_size=BATCH)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    return strategy.reduce("SUM", strategy.run(part, args=batch), axis=None)


for epoch in range(EPOCHS):
    losses = [float(train_step(batch)) for batch in batches]
    print(f"epoch {epoch}: loss {np.mean(losses):.9f}")
