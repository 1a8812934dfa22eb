"""Fit on the backend that KERAS_BACKEND names, and tell whether models get the pools' own bytes.

Usage: python addresses.py NAME, one of the functions below; what they assert is the test.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import numpy as np
import pytest

import samebytes as sb
from samebytes.engine import pool_cache
from samebytes.memory.pool import Pool

BACKEND = keras.backend.backend()
COUNT = 60
taken: list[range] = []


class Watched(Pool):
    """A pool that notes where its blocks lie."""

    def take(self) -> Any:
        found = super().take()
        taken.append(range(found.ctypes.data, found.ctypes.data + found.nbytes))
        return found


def address(tensor: Any) -> int:
    found: int = tensor.data_ptr() if BACKEND == "torch" else tensor.unsafe_buffer_pointer()
    return found


def is_pooled(tensor: Any) -> bool:
    return any(address(tensor) in block for block in taken)


def source() -> tuple[Any, Any]:
    images = np.arange(COUNT * 12 * 12 * 3, dtype=np.uint16).reshape(COUNT, 12, 12, 3) % 251
    return images.astype(np.uint8), np.arange(COUNT, dtype=np.float32)[:, np.newaxis]


def dataset() -> sb.Dataset:
    shuffled = sb.Dataset.from_tensor_slices(source()).shuffle(seed=0)
    return shuffled.map(sb.RandomCrop(8, 8), seed=1).map(sb.Rescaling(1 / 255)).batch(8)


def layers() -> list[Any]:
    return [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(1)]


class Noting(keras.Sequential):  # type: ignore[misc]
    """Keeps every batch that it is trained on."""

    kept: list[Any]

    def train_step(self, *arguments: Any) -> Any:
        self.kept.append(arguments[-1])
        return super().train_step(*arguments)


def noting() -> Any:
    model = Noting(layers())
    model.kept = []
    # Compiled, a step of JAX is traced once, and sees no bytes.
    model.compile(keras.optimizers.SGD(1e-6), "mse", run_eagerly=True)
    return model


def fit(**options: Any) -> None:
    """Assert that what a model is trained on is pooled, and right, and stays so when it is kept."""
    to = {key: options.pop(key) for key in ("workers",) if key in options}
    model, ds, epochs = noting(), dataset(), 2
    # To build a model Keras looks at a batch, which is an epoch that it then leaves.
    expected = [[x.copy(), y.copy()] for epoch in (1, 2) for x, y in ds.iterate(epoch)]
    with sb.no_copy():
        model.fit(ds.to_keras(**to), epochs=epochs, verbose=0, **options)
    found = model.kept[-len(expected) :]
    assert len(found) == len(expected)
    for x, y in found:
        assert is_pooled(x)
        assert is_pooled(y)
    if to:
        return  # Keras' threads ask beyond the end of an epoch
    if options.get("shuffle") is False:
        for (x, y), (same_x, same_y) in zip(found, expected, strict=True):
            np.testing.assert_array_equal(np.asarray(x), same_x)
            np.testing.assert_array_equal(np.asarray(y), same_y)
    else:
        # An epoch has its batches in whatever order Keras asks for them.
        half = len(expected) // 2
        for part in (slice(0, half), slice(half, None)):
            ours = sorted(np.asarray(y).ravel().tolist() for _, y in found[part])
            assert ours == sorted(y.ravel().tolist() for _, y in expected[part])


def in_order() -> None:
    fit(shuffle=False)


def shuffled() -> None:
    fit()


def with_workers() -> None:
    fit(shuffle=False, workers=2)


def continued() -> None:
    """Assert the same of the dataset of a position, which gives the dataset's own order."""
    model, ds = noting(), dataset()
    expected = [x.copy() for epoch in range(2) for x, _ in ds.iterate(epoch)]
    with tempfile.TemporaryDirectory() as folder:
        position = sb.SavePosition(Path(folder) / "position.json", ds)
        model.fit(position.dataset.to_keras(), epochs=2, verbose=0, callbacks=[position])
    found = model.kept[-len(expected) :]
    for (x, _), same in zip(found, expected, strict=True):
        assert is_pooled(x)
        np.testing.assert_array_equal(np.asarray(x), same)


def other_methods() -> None:
    """Assert that all that takes batches gives the same as with arrays."""
    model = keras.Sequential(layers())
    model.compile("sgd", "mse")
    ds = sb.Dataset.from_tensor_slices(source()).map(sb.CenterCrop(8, 8)).map(sb.Rescaling(1 / 255))
    (arrays,) = ds.batch(COUNT)
    batches = ds.batch(8).to_keras()
    np.testing.assert_allclose(
        model.predict(batches, verbose=0), model.predict(arrays[0], verbose=0), rtol=1e-5
    )
    loss, expected = (
        model.evaluate(batches, verbose=0),
        model.evaluate(*arrays, batch_size=8, verbose=0),
    )
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def class_weights() -> None:
    labels = np.arange(COUNT, dtype=np.int32) % 3
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    images = source()[0][:, :8, :8].astype(np.float32)
    ds = sb.Dataset.from_tensor_slices((images, labels)).batch(8)
    history = model.fit(
        ds.to_keras(), shuffle=False, verbose=0, class_weight={0: 1.0, 1: 0.0, 2: 0.0}
    )
    assert np.isfinite(history.history["loss"]).all()


def nested() -> None:
    """Assert that inputs by name, weights, and an input alone are taken, of any usual dtype."""
    inputs = {
        "a": keras.Input((4,), name="a"),
        "b": keras.Input((4,), name="b", dtype="int32"),
    }
    both = keras.layers.Concatenate()([inputs["a"], keras.ops.cast(inputs["b"], "float32")])
    model = keras.Model(inputs, keras.layers.Dense(1)(both))
    model.compile("sgd", "mse")
    for kind in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"):
        x = {"a": np.ones((20, 4), np.float32), "b": np.ones((20, 4), kind)}
        y, weights = np.ones((20, 1), np.float32), np.ones(20, np.float32)
        ds = sb.Dataset.from_tensor_slices((x, y, weights)).batch(8)
        model.fit(ds.to_keras(), verbose=0)
    alone = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    assert alone.predict(
        sb.Dataset.from_tensor_slices(np.ones((20, 4), np.float32)).batch(8).to_keras(), verbose=0
    ).shape == (20, 1)


def refused() -> None:
    names = {"torch": "PyTorch", "jax": "JAX"}
    ds = sb.Dataset.from_tensor_slices({"text": np.array(["a", "b"])}).batch(2)
    with pytest.raises(sb.Unconvertible) as error:
        ds.to_keras()
    assert "component text of str32 cannot become a" in str(error.value)
    assert f"{names[BACKEND]} has no strings" in str(error.value)


FUNCTIONS = (
    in_order,
    shuffled,
    with_workers,
    continued,
    other_methods,
    class_weights,
    nested,
    refused,
)

if __name__ == "__main__":
    with mock.patch.object(pool_cache, "Pool", Watched):
        {function.__name__: function for function in FUNCTIONS}[sys.argv[1]]()
