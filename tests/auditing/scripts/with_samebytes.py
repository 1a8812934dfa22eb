"""The same with samebytes, and what never copied: nothing here may be told of."""

import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

import samebytes as sb

folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "images.npy")
np.save(path, np.ones((13_000, 784), np.float32))
x = sb.open(path)
y = sb.zeros((13_000, 1), "float32")

# Unchanged TensorFlow and Keras code.
t = tf.convert_to_tensor(x)
tf.reduce_sum(x)
tf.matmul(x, np.ones((784, 1), np.float32))
tf.function(lambda values: values + 1)(x)
model = tf.keras.Sequential([tf.keras.Input((784,)), tf.keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss="mse")
model.fit(x, y, batch_size=500, epochs=2, verbose=0)
model.evaluate(x, y, verbose=0)
model(x[:1_000])
sb.as_array(model.predict(x, verbose=0))


@tf.function
def first(index):
    return tf.gather(tf.convert_to_tensor(x), index)


first([0])

options = tf.data.Options()
options.experimental_optimization.apply_default_optimizations = False
for batch in tf.data.Dataset.from_tensor_slices((x, y)).batch(500).with_options(options):
    tf.reduce_sum(batch[0])

# Ours.
ds = sb.Dataset.from_tensor_slices((x, y)).shuffle(seed=0).batch(500)
model.fit(ds.to_tf(), epochs=2, verbose=0)
back = sb.as_array(t)


# What shares without samebytes.
def batches():
    for _ in range(4):
        batch = sb.empty((500, 784), "float32").view(np.ndarray)
        batch[:] = 1
        yield batch, batch[:, :1].copy()


model.fit(batches(), steps_per_epoch=4, verbose=0)
tf.nn.relu(x.view(np.ndarray))
np.asarray(t)
memoryview(t)
