"""What choosing and combining may cost: mixtures and filters beside the plain rate.

Random 56x56 crops of 64x64x3 uint8 in memory, shuffled, to float32 / 255, batch 256: samples so
small that working out which ones they are shows. Run as ``python -m benchmarks.promises.choosing``;
exits with 1 when a figure is missed. All run in turn within one process, each round an epoch; the
figures are medians of the rounds' ratios, each to the plain rate of as many samples.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

import numpy as np

import samebytes as sb
from benchmarks.promises.figures import Figure, print_figures

SAMPLES, SIZE, CROP, BATCH = 20_000, 64, 56, 256
ROUNDS = 15
LEAST = 0.95


def made(dataset: sb.Dataset) -> sb.Dataset:
    """Return what training reads."""
    crop = dataset.map(sb.RandomCrop(CROP, CROP), on=0, seed=1)
    return crop.map(sb.Rescaling(1 / 255), on=0).batch(BATCH)


def contenders() -> dict[str, tuple[sb.Dataset, sb.Dataset]]:
    """Return each verb's dataset, and a plain one of as many samples."""
    images = np.random.default_rng(0).integers(0, 255, (SAMPLES, SIZE, SIZE, 3), np.uint8)
    labels = (np.arange(SAMPLES) % 10).astype(np.uint8)
    whole = sb.Dataset.from_tensor_slices((images, labels))
    kept = np.arange(SAMPLES) % 4 > 0
    fewer = sb.Dataset.from_tensor_slices((images[kept], labels[kept]))
    halves = [
        sb.Dataset.from_tensor_slices((images[k::2].copy(), labels[k::2])).shuffle(seed=k).repeat()
        for k in range(2)
    ]
    mixture = sb.sample_from_datasets(halves, [0.7, 0.3]).take(SAMPLES)
    plain = made(whole.shuffle(seed=0))
    return {
        "sample_from_datasets": (made(mixture), plain),
        "filter": (made(whole.filter(kept).shuffle(seed=0)), made(fewer.shuffle(seed=0))),
        "select": (made(whole.select(np.arange(SAMPLES)[::-1]).shuffle(seed=0)), plain),
    }


def seconds(dataset: Any, epoch: int) -> float:
    """Return the time of an epoch, whose batches are counted."""
    start, count = time.perf_counter(), 0
    for images, _ in dataset.iterate(epoch):
        count += len(images)
    assert count == dataset.samples.length
    return time.perf_counter() - start


def main() -> int:
    """Measure in turn; return 1 when a figure was missed."""
    every = contenders()
    ratios: dict[str, list[float]] = {name: [] for name in every}
    for epoch in range(ROUNDS + 1):
        for name, (chosen, plain) in every.items():
            # Who is first alternates: what is in the caches, the one before has brought.
            pair = [(chosen, 0), (plain, 1)][:: 1 if epoch % 2 else -1]
            taken = {which: seconds(dataset, epoch) for dataset, which in pair}
            if epoch:  # the first compiles
                ratios[name].append(taken[1] / taken[0])
    figures = [
        Figure(f"{name}: its rate by the plain one", statistics.median(found), LEAST, at_least=True)
        for name, found in ratios.items()
    ]
    return 0 if print_figures("choosing and combining", figures) else 1


if __name__ == "__main__":
    sys.exit(main())
