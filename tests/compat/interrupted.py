"""A fit that can be killed: what it trains on goes to a file, a line a batch."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import warnings
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main(folder: str, kill_after: int, every: int, feed: str) -> None:
    import keras
    import tensorflow as tf

    import samebytes as sb
    from samebytes.compat.save_position import SavePosition

    images = np.random.default_rng(0).integers(0, 256, (59, 12, 12, 3), np.uint8)
    ds = (
        sb.Dataset.from_tensor_slices((images, np.arange(59, dtype="float32")))
        .shuffle(seed=1)
        .map(sb.RandomCrop(8, 8), seed=2)
        .map(sb.Rescaling(1 / 255))
        .batch(8)
    )
    log = open(os.path.join(folder, "log"), "a")  # noqa: PTH118, PTH123, SIM115
    trained = 0

    class Noting(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)
            self.drop = keras.layers.Dropout(0.5, seed=3)

        def call(self, x: Any, training: bool = False) -> Any:
            return self.dense(self.drop(keras.ops.reshape(x, (-1, 192)), training=training))

        def train_step(self, data: Any) -> Any:
            found = super().train_step(data)
            digest = hashlib.sha256(b"".join(np.asarray(part).tobytes() for part in data))
            log.write(digest.hexdigest() + "\n")
            log.flush()
            return found

    class Kill(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            nonlocal trained
            trained += 1
            if trained == kill_after:
                os.kill(os.getpid(), signal.SIGKILL)

    # Sums of floats come out the same, whatever threads added them up.
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(0)
    model = Noting()
    model(np.zeros((1, 8, 8, 3), "float32"))
    model.compile(keras.optimizers.Adam(), "mse", run_eagerly=True)
    position = SavePosition(os.path.join(folder, "position.json"), ds, every=every)  # noqa: PTH118
    feeds = {
        "to_tf": lambda ds: ds.to_tf().prefetch(4),
        "to_keras": lambda ds: ds.to_keras(),
    }
    model.fit(
        feeds[feed](position.dataset),
        initial_epoch=position.epoch,
        epochs=3,
        callbacks=[position, Kill()],
        verbose=0,
        shuffle=False,
    )
    np.savez(os.path.join(folder, "weights.npz"), *model.get_weights())  # noqa: PTH118


if __name__ == "__main__":
    warnings.simplefilter("error", UserWarning)
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
