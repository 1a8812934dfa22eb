"""Everything else that a script of one's own does, once."""

import numpy as np
import tensorflow as tf

x = np.ones((1_000, 1_000), np.float32)
wide = np.ones((1_000, 2_000), np.float32)

a = tf.constant(x)  # copied: converted 4_000_000
b = tf.convert_to_tensor(x)  # copied: converted 4_000_000
product = tf.matmul(a, x)  # copied: converted 4_000_000
added = a + x  # copied: converted 4_000_000
crop = tf.nn.relu(wide[:, ::2])  # copied: operand 4_000_000
variable = tf.Variable(x)  # copied: converted 4_000_000
back = product.numpy()  # copied: to numpy 4_000_000
weights = variable.numpy()  # copied: to numpy 4_000_000


@tf.function
def double(values):
    shifted = values + tf.constant(x)  # copied: embedded 4_000_000
    return shifted * 2


double(x)  # copied: converted 4_000_000


def load(index):  # copied: yielded 12_000_000
    whole = np.ones(4_000_016 + 64, np.uint8)
    start = 16 - whole.ctypes.data % 64
    start += 64 if start < 0 else 0
    return whole[start : start + 4_000_000].view(np.float32)


for values in tf.data.Dataset.range(3).map(lambda i: tf.numpy_function(load, [i], tf.float32)):
    tf.reduce_sum(values)


def load_strided(index):  # copied: converted 8_000_000
    return wide[:, ::2]


def load_in_tensorflow(index):
    return tf.py_function(load_strided, [index], tf.float32)


for values in tf.data.Dataset.range(2).map(load_in_tensorflow):
    tf.reduce_sum(values)
