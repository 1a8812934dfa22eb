"""What colour, tables and mixtures cost in the pass: each recipe beside the same crops alone.

Random 224x224 crops of 256x256x3 uint8, flipped and normalised to float32, batch 64, on one thread.
Every recipe is checked against plain NumPy first; then they run in turn, and medians are printed.
Run as ``python -m benchmarks.pixels``; exits with 1 when a figure is missed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import samebytes as sb
from benchmarks.promises.figures import Figure, print_figures

IMAGES, SIZE, CROP, BATCH = 512, 256, 224, 64
ROUNDS, BATCHES = 9, 8

NORMALIZE = sb.Normalization((123.7, 116.3, 103.5), (3409.98, 3262.69, 3291.89))

RECIPES: dict[str, tuple[sb.Transform, ...]] = {
    "crops alone": (),
    "brightness, saturation, hue": (sb.RandomColorJitter((0, 255), 0.2, None, (0.3, 0.7), 0.1),),
    "colour jitter": (sb.RandomColorJitter((0, 255), 0.2, 0.3, (0.3, 0.7), 0.1),),
    "posterize, solarize": (sb.RandomPosterization((4, 8)), sb.RandomSolarization((0.5, 1))),
    "equalization": (sb.Equalization(),),
    "erasing": (sb.RandomErasing((0.25, 0.25), fill_value=0),),
    "gaussian noise": (sb.GaussianNoise(10),),
    "blur 5x5": (sb.GaussianBlur(5),),
    "sharpness": (sb.RandomSharpness(1.0),),
    "mixup": (sb.MixUp(0.2),),
    "cutmix": (sb.CutMix(1.0),),
}

LEAST = {
    "brightness, saturation, hue": 0.25,
    "colour jitter": 0.2,
    "erasing": 0.25,
    "mixup": 0.17,
}
"""Speed beside crops alone that is promised."""


def dataset_of(images: np.ndarray[Any, Any], *steps: sb.Transform) -> sb.Dataset:
    """Return the recipe with these steps between the crop and the normalization."""
    dataset = sb.Dataset.from_tensor_slices(images).shuffle(seed=0)
    places = sb.RandomCrop(CROP, CROP), sb.RandomFlip("horizontal")
    for step in (*places, *steps, NORMALIZE):
        dataset = dataset.map(step, seed=1)
    return dataset


def check(dataset: sb.Dataset) -> None:
    """Refuse a recipe whose pass is not what plain NumPy makes of it."""
    assert not dataset.plan.later
    order = np.arange(4)
    found = np.asarray(next(dataset.batch(4).iterate(0)))
    indices = dataset.plan.samples.locate(np.zeros(4, np.int64), order)[1]
    np.testing.assert_allclose(found, np.asarray(dataset.reference(indices)), atol=1e-3)


def endless(dataset: sb.Dataset) -> Iterator[Any]:
    """Return batches without end, made on one thread."""
    return iter(dataset.repeat().batch(BATCH).with_options(threads=1))


def main() -> int:
    """Measure all in turn, and return 1 when a figure was missed."""
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, SIZE, SIZE, 3), np.uint8)
    running = {}
    for name, steps in RECIPES.items():
        dataset = dataset_of(images, *steps)
        check(dataset)
        running[name] = endless(dataset)
    seconds: dict[str, list[float]] = {name: [] for name in RECIPES}
    for _ in range(ROUNDS + 1):  # the first round warms up
        for name, batches in running.items():
            start = time.perf_counter()
            for _ in range(BATCHES):
                next(batches)
            seconds[name].append(time.perf_counter() - start)
    paces = {name: BATCHES * BATCH / statistics.median(one[1:]) for name, one in seconds.items()}
    alone = paces["crops alone"]
    for name, pace in paces.items():
        print(f"  {name:<32} {pace:>9,.0f} images/s   {pace / alone:.2f} of crops alone")
    figures = [
        Figure(name, paces[name] / alone, least, at_least=True) for name, least in LEAST.items()
    ]
    return 0 if print_figures("Beside crops alone", figures) else 1


if __name__ == "__main__":
    sys.exit(main())
