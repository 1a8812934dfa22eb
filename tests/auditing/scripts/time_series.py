"""As the time-series tutorials: one long array, cut into windows by Keras, and fitted."""

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(0)
data = rng.random((200_000, 4)).astype("float32")
targets = data[24:, 0]

windows = tf.keras.utils.timeseries_dataset_from_array
named = {"sequence_stride": 8, "batch_size": 4096}
dataset = windows(data[:-24], targets, 24, **named)  # copied: converted WINDOWS
model = tf.keras.Sequential(
    [tf.keras.Input((24, 4)), tf.keras.layers.Flatten(), tf.keras.layers.Dense(1)]
)
model.compile(loss="mse", optimizer="sgd")
model.fit(dataset, epochs=2, verbose=0)  # copied: rewritten WINDOWS
