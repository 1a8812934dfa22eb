"""As the guides feed what does not fit: a generator, a PyDataset, from_generator."""

import math

import numpy as np
import tensorflow as tf

# An array this large has pages of its own, and begins 16 bytes after the first.
x = np.ones((13_000, 784), np.float32)
y = np.ones((13_000, 1), np.float32)
BATCH = 500


def batches():
    for start in range(0, 5_000, BATCH):
        images, labels = x[start : start + BATCH], y[start : start + BATCH]
        yield images, labels  # copied: yielded 15_680_000


model = tf.keras.Sequential([tf.keras.Input((784,)), tf.keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss="mse")
model.fit(batches(), steps_per_epoch=10, verbose=0)


class Images(tf.keras.utils.PyDataset):
    def __len__(self):
        return math.ceil(len(x) / BATCH)

    def __getitem__(self, index):  # copied: yielded 40_768_000
        low = index * BATCH
        return x[low : low + BATCH], y[low : low + BATCH]


model.fit(Images(), shuffle=False, verbose=0)


def rows():
    wide = x[:11_000].astype("float64")
    yield wide  # copied: prepared 34_496_000, yielded 34_496_000


dataset = tf.data.Dataset.from_generator(
    rows, output_signature=tf.TensorSpec((None, 784), tf.float32)
)
for batch in dataset.prefetch(1):
    tf.reduce_sum(batch)
