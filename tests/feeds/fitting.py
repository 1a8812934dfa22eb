"""Small models to fit, one of which notes what it is trained on, and how a fit is interrupted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import samebytes as sb

pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

# Keras' newer versions warn that its own shuffling, on by default, does nothing for a tf.data.
QUIET = {"verbose": 0, "shuffle": False}


def linear(seen: list[bytes] | None = None, **options: Any) -> Any:
    """Return a model for pictures of 16x16; the bytes of its batches are appended to `seen`."""

    class Noting(keras.Sequential):  # type: ignore[misc, name-defined]
        def train_step(self, data: Any) -> Any:
            assert seen is not None
            seen.append(as_bytes(data))
            return super().train_step(data)

    layers = [keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(1)]
    model = keras.Sequential(layers) if seen is None else Noting(layers)
    model.compile(keras.optimizers.SGD(1e-6), "mse", run_eagerly=seen is not None, **options)
    return model


def as_bytes(batch: Iterable[Any]) -> bytes:
    return b"".join(np.asarray(part).tobytes() for part in batch)


class Stop(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Ends fit after some batches, as a kill would."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def interrupted(
    path: Path,
    dataset: sb.Dataset,
    after: int,
    feed: str = "to_tf",
    model: Any = None,
    **options: Any,
) -> sb.SavePosition:
    """Fit until after so many batches, and give the position that stopped there."""
    position = sb.SavePosition(path, dataset, **options)
    batches = getattr(position.dataset, feed)()
    with pytest.raises(KeyboardInterrupt):
        (model or linear()).fit(batches, epochs=3, callbacks=[position, Stop(after)], **QUIET)
    if feed == "to_keras":
        # The threads would end with the process; TensorFlow keeps what from_generator was given.
        batches.on_epoch_end()
    return position
