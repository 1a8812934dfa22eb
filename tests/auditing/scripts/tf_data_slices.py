"""As the quickstart for experts: from_tensor_slices, shuffle, batch, and a training step."""

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(0)
x_train = rng.random((4_000, 28, 28), dtype=np.float32)
y_train = rng.integers(0, 10, 4_000)
x_train = x_train[..., tf.newaxis].astype("float32")

slices = tf.data.Dataset.from_tensor_slices((x_train, y_train))  # copied: converted 12_576_000
train_ds = slices.shuffle(4_000).batch(500)
held_out = (x_train[:1_000], y_train[:1_000])
test_ds = tf.data.Dataset.from_tensors(held_out)  # copied: converted 3_144_000

model = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(10)])
loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.SGD()


@tf.function
def train_step(images, labels):
    with tf.GradientTape() as tape:
        loss = loss_object(labels, model(images, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))


for _epoch in range(2):
    for images, labels in train_ds:  # copied: rewritten 12_576_000
        train_step(images, labels)

model.compile(optimizer="sgd", loss=loss_object)
model.fit(train_ds, epochs=2, verbose=0)
model.evaluate(test_ds, verbose=0)  # copied: rewritten 3_144_000
