"""As the quickstart for beginners: everything in memory, divided by 255.0, and fitted."""

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(0)
bytes_train = rng.integers(0, 256, (13_000, 28, 28), dtype=np.uint8)
y_train = rng.integers(0, 10, 13_000)
bytes_test = rng.integers(0, 256, (2_000, 28, 28), dtype=np.uint8)
y_test = rng.integers(0, 10, 2_000)
x_train, x_test = bytes_train / 255.0, bytes_test / 255.0  # which makes float64 of uint8

model = tf.keras.models.Sequential(
    [
        tf.keras.layers.Flatten(input_shape=(28, 28)),
        tf.keras.layers.Dense(8, activation="relu"),
        tf.keras.layers.Dense(10),
    ]
)
predictions = model(x_train[:1]).numpy()
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(optimizer="adam", loss=loss_fn, metrics=["accuracy"])

batch = 500
model.fit(x_train, y_train, batch, 2, 0)  # copied: cast 40_768_000, converted 40_872_000
model.evaluate(x_test, y_test, verbose=0)  # copied: cast 6_272_000, converted 6_288_000
x_new = x_test.astype("float32")
probabilities = model.predict(x_new, verbose=0)  # copied: converted 6_272_000
