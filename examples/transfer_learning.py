"""Transfer learning on real photographs, fed by samebytes and, beside it, by tf.data.

A small network learns to tell which of four photographs a tile was cut from. It is frozen, and a
new last layer learns four other photographs from six tiles each, with augmentation and without;
it is judged on tiles from a part of them that it never saw. The photographs ship with scikit-image,
so nothing is downloaded. Each input does all of it in a process of its own.
Install: pip install 'samebytes[demo,tensorflow-cpu]'; run: python examples/transfer_learning.py
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import samebytes as sb
from samebytes.measure.memory import PeakMeter

OLD = ("astronaut.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg")
NEW = ("ihc.png", "motorcycle_left.png", "retina.jpg", "rocket.jpg")
TILE, CROP, BATCH = 96, 64, 32
OLD_TILES, NEW_TILES, TEST_TILES = 600, 6, 100  # of each photograph
OLD_EPOCHS, NEW_EPOCHS = 3, 40
NEW_ROUNDS = int(os.environ.get("ROUNDS", "3"))

Array = npt.NDArray[Any]
Feed = Callable[..., Any]


def with_samebytes(images: Array, labels: Array, *, epochs: int, augment: bool, seed: int) -> Any:
    """Return batches of crops: random and mirrored by chance, or from the middle."""
    ds = sb.Dataset.from_tensor_slices((images, labels)).shuffle(seed=seed).repeat(epochs)
    if augment:
        ds = ds.map(sb.RandomCrop(CROP, CROP), seed=seed)
        ds = ds.map(sb.RandomFlip("horizontal"), seed=seed)
    else:
        ds = ds.map(sb.CenterCrop(CROP, CROP))
    return ds.map(sb.Rescaling(1 / 127.5, offset=-1)).batch(BATCH).to_tf()


def with_tf_data(images: Array, labels: Array, *, epochs: int, augment: bool, seed: int) -> Any:
    """Return the same by tf.data alone: one graph a sample, run in parallel, batches made ahead."""
    import tensorflow as tf

    middle = (TILE - CROP) // 2

    def prepare(image: Any, label: Any) -> tuple[Any, Any]:
        if augment:
            image = tf.image.random_crop(image, (CROP, CROP, 3))
            image = tf.image.random_flip_left_right(image)
        else:
            image = image[middle : middle + CROP, middle : middle + CROP]
        return tf.cast(image, tf.float32) * (1 / 127.5) - 1, label

    return (
        tf.data.Dataset.from_tensor_slices((images, labels))
        .shuffle(len(labels), seed=seed)
        .repeat(epochs)
        .map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=False)
        .batch(BATCH)
        .prefetch(tf.data.AUTOTUNE)
    )


# Both begin with a mapped file, so that neither pays for loading what it copies anyway.
INPUTS: dict[str, tuple[Feed, Callable[[Path], Array]]] = {
    "samebytes": (with_samebytes, sb.open),
    "tf.data": (with_tf_data, lambda path: np.load(path, mmap_mode="r")),
}


@dataclass(frozen=True)
class Outcome:
    """What came of one input: accuracies a round, images a second, bytes beyond the libraries'."""

    augmented: list[float]
    plain: list[float]
    images_a_second: float
    input_bytes: int
    all_bytes: int


def cut(names: tuple[str, ...], count: int, part: tuple[float, float], seed: int) -> Array:
    """Return `count` tiles of each photograph, from between two parts of its width."""
    import skimage

    draw = np.random.default_rng(seed)
    tiles = []
    for name in names:
        photograph = skimage.io.imread(Path(skimage.__file__).parent / "data" / name)[..., :3]
        height, width = photograph.shape[:2]
        left, right = int(part[0] * width), int(part[1] * width)
        for _ in range(count):
            x, y = draw.integers(left, right - TILE + 1), draw.integers(0, height - TILE + 1)
            tiles.append(photograph[y : y + TILE, x : x + TILE])
    return np.stack(tiles)


def labels_of(images: Array) -> Array:
    """Return which photograph each tile is of: as many of each, one after the other."""
    return np.repeat(np.arange(len(NEW)), len(images) // len(NEW))


def classifier(body: Any, rate: float) -> Any:
    """Return `body` with a new last layer, ready to learn."""
    import keras

    model = keras.Sequential([body, keras.layers.Dense(len(NEW))])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def new_body() -> Any:
    """Return the part that will be frozen."""
    import keras

    return keras.Sequential(
        [
            keras.Input((CROP, CROP, 3)),
            keras.layers.Conv2D(16, 5, strides=2, activation="relu"),
            keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
            keras.layers.Conv2D(64, 3, strides=2, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )


def images_a_second(batches: Any) -> float:
    """Return how fast an input is with nothing behind it."""
    start = time.perf_counter()
    count = sum(len(labels) for _, labels in batches)
    return count / (time.perf_counter() - start)


def learn(name: str, folder: Path) -> Outcome:
    """Do it all with one input, in a process of its own."""
    import keras

    feed, load = INPUTS[name]
    # What the libraries themselves load and compile at their first batch is not counted below.
    for augment in (True, False):
        few = np.zeros((BATCH, TILE, TILE, 3), np.uint8)
        images_a_second(feed(few, np.zeros(BATCH, np.int64), epochs=1, augment=augment, seed=0))
    meter = PeakMeter()

    old = load(folder / "old.npy")
    batches = feed(old, labels_of(old), epochs=1, augment=True, seed=0)
    rates = [images_a_second(batches) for _ in range(4)][1:]
    input_bytes = meter.extra_bytes()

    keras.utils.set_random_seed(0)
    body = new_body()
    batches = feed(old, labels_of(old), epochs=OLD_EPOCHS, augment=True, seed=0)
    classifier(body, 1e-3).fit(batches, shuffle=False, verbose=0)
    body.trainable = False

    test = load(folder / "test.npy")
    judged = feed(test, labels_of(test), epochs=1, augment=False, seed=0)
    accuracies: dict[bool, list[float]] = {True: [], False: []}
    for number in range(NEW_ROUNDS):
        few = load(folder / f"new{number}.npy")
        for augment, found in accuracies.items():
            keras.utils.set_random_seed(number)
            model = classifier(body, 1e-2)
            batches = feed(few, labels_of(few), epochs=NEW_EPOCHS, augment=augment, seed=number)
            model.fit(batches, shuffle=False, verbose=0)
            found.append(model.evaluate(judged, verbose=0)[1])
    return Outcome(
        accuracies[True],
        accuracies[False],
        statistics.median(rates),
        input_bytes,
        meter.extra_bytes(),
    )


def main() -> None:
    """Cut the tiles, learn with each input in turn, and print what came of it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "old.npy", cut(OLD, OLD_TILES, (0.0, 1.0), seed=0))
        np.save(folder / "test.npy", cut(NEW, TEST_TILES, (0.6, 1.0), seed=0))
        for number in range(NEW_ROUNDS):
            np.save(folder / f"new{number}.npy", cut(NEW, NEW_TILES, (0.0, 0.6), seed=number))
        outcomes = {}
        for way in sys.argv[1:] or INPUTS:
            # A fresh interpreter each, so that no library of the one is counted for the other.
            spawn = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=spawn) as alone:
                outcomes[way] = alone.submit(learn, way, folder).result()
    show(outcomes)


def show(outcomes: dict[str, Outcome]) -> None:
    """Print a column for each input."""
    print(f"{'':42}" + "".join(f"{way:>12}" for way in outcomes))
    rows: dict[str, Callable[[Outcome], str]] = {
        "accuracy with augmentation": lambda o: f"{statistics.mean(o.augmented):.1%}",
        "accuracy without": lambda o: f"{statistics.mean(o.plain):.1%}",
        "images a second, the input alone": lambda o: f"{o.images_a_second:,.0f}",
        "peak memory, the input alone": lambda o: f"{o.input_bytes / 1e6:,.1f} MB",
        "peak memory, training included": lambda o: f"{o.all_bytes / 1e6:,.1f} MB",
    }
    for name, text in rows.items():
        print(f"{name:42}" + "".join(f"{text(outcome):>12}" for outcome in outcomes.values()))
    print(f"accuracies are means of {NEW_ROUNDS} rounds, each with tiles of its own; ", end="")
    print(f"by chance it would be {1 / len(NEW):.0%}")
    for way, outcome in outcomes.items():
        gains = [
            f"{100 * (more - less):+.1f}"
            for more, less in zip(outcome.augmented, outcome.plain, strict=True)
        ]
        print(f"what augmentation changed with {way}, a round: {', '.join(gains)} points")


if __name__ == "__main__":
    main()
