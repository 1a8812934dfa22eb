"""Datasets of small numbers for the tests of the feeds, and their epochs as plain lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

import samebytes as sb

__all__ = ["as_lists", "epochs_of", "random_dataset"]


def as_lists(batches: Iterable[Any]) -> list[list[int]]:
    """Return batches, or single samples, as lists."""
    return [np.atleast_1d(np.asarray(batch)).tolist() for batch in batches]


def epochs_of(dataset: sb.Dataset) -> Callable[[int], list[list[int]]]:
    """Return what gives all batches of an epoch, worked out once, sample by sample.

    Which samples come in which order is asked of the samplers; what is tested is who gets them.
    """
    plan = dataset.plan

    @cache
    def epoch_of(epoch: int) -> list[list[int]]:
        def located(sampler: Any) -> tuple[list[int], list[int]]:
            positions = np.arange(sampler.length, dtype=np.int64)
            epochs, places = sampler.locate(np.full_like(positions, epoch), positions)
            return epochs.tolist(), places.tolist()

        if plan.batch_size is None:
            return [[sample] for sample in located(plan.samples)[1]]
        batches = []
        length = plan.samples.length or 0
        for within, number in zip(*located(plan.batches), strict=True):
            first = number * plan.batch_size
            positions = np.arange(first, min(first + plan.batch_size, length), dtype=np.int64)
            _, samples = plan.samples.locate(np.full_like(positions, within), positions)
            batches.append(samples.tolist())
        return batches

    return epoch_of


def random_dataset(rng: np.random.Generator) -> sb.Dataset:
    """Return a dataset of the numbers below N, in whatever order and batches."""
    count = int(rng.integers(1, 40))
    ds = sb.Dataset.from_tensor_slices(np.arange(count))
    if rng.random() < 0.5:
        ds = ds.shuffle(seed=int(rng.integers(1000)))
    if rng.random() < 0.2:
        ds = ds.skip(int(rng.integers(0, count)))
    if rng.random() < 0.2:
        ds = ds.repeat(2)
    if rng.random() < 0.9:
        ds = ds.batch(int(rng.integers(1, 9)), drop_remainder=bool(rng.random() < 0.3))
        if rng.random() < 0.2:
            ds = ds.shuffle(seed=int(rng.integers(1000)))
        if rng.random() < 0.1:
            ds = ds.repeat(2)
    return ds.with_options(threads=1).prefetch(1)
