"""A small Keras model learns from random crops of the photographs, fed by one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import samebytes as sb
from samebytes.measure.rates import rates_in_turn
from samebytes.measure.tensorflow_startup import import_quietly

__all__ = ["CROP", "Training", "crops", "stock_crops", "train"]

CROP, BATCH = 256, 32
EPOCHS = 4


@dataclass(frozen=True)
class Training:
    """What the training showed.

    Attributes
    ----------
    losses : tuple of float
        One an epoch.
    accuracy : float
        Of the last epoch.
    images_a_second, stock_images_a_second : float
        That the two inputs deliver with nothing behind them; medians, in turn.
    """

    losses: tuple[float, ...]
    accuracy: float
    images_a_second: float
    stock_images_a_second: float


def crops(images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> sb.Dataset:
    """Return random crops in [0, 1] with their labels, in batches; nothing is read yet."""
    return (
        sb.Dataset.from_tensor_slices((images, labels))
        .shuffle(seed=0)
        .map(sb.RandomCrop(CROP, CROP))
        .map(sb.RandomFlip("horizontal"))
        .map(sb.Rescaling(1 / 255))
        .batch(min(BATCH, len(images)), drop_remainder=True)
    )


def stock_crops(images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> Any:
    """Return the same by tf.data alone, at its best settings."""
    tensorflow = import_quietly()

    def crop(image: Any, label: Any) -> tuple[Any, Any]:
        image = tensorflow.image.random_crop(image, (CROP, CROP, 3))
        image = tensorflow.image.random_flip_left_right(image)
        return tensorflow.cast(image, tensorflow.float32) * (1 / 255), label

    return (
        tensorflow.data.Dataset.from_tensor_slices((images, labels))
        .shuffle(len(images))
        .map(crop, num_parallel_calls=tensorflow.data.AUTOTUNE)
        .batch(min(BATCH, len(images)), drop_remainder=True)
        .prefetch(tensorflow.data.AUTOTUNE)
    )


def train(images: npt.NDArray[Any], labels: npt.NDArray[Any], classes: int) -> Training:
    """Train on `images` and time both inputs without a model behind them."""
    tensorflow = import_quietly()
    ours, stock = crops(images, labels).to_tf(), stock_crops(np.asarray(images), labels)
    rates = rates_in_turn(ours, stock)
    history = _model(tensorflow, classes).fit(ours, epochs=EPOCHS, shuffle=False, verbose=0).history
    return Training(tuple(history["loss"]), float(history["accuracy"][-1]), *rates)


def _model(tensorflow: Any, classes: int) -> Any:
    layers = tensorflow.keras.layers
    tensorflow.keras.utils.set_random_seed(0)
    model = tensorflow.keras.Sequential(
        [
            layers.Input((CROP, CROP, 3)),
            layers.Conv2D(24, 16, strides=16, activation="relu"),
            layers.Conv2D(24, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes),
        ]
    )
    loss = tensorflow.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tensorflow.keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    return model
