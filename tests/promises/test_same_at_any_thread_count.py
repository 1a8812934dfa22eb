"""Promise: results depend on plan, seed, epoch and position, not on threads or prefetch."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samebytes as sb
from tests.engine.feeding import images, usual


def digest(dataset, epoch=0):
    found = hashlib.sha256()
    for element in dataset.iterate(epoch):
        for name in sorted(element):
            found.update(np.ascontiguousarray(element[name]).tobytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def expected():
    return digest(usual(threads=1).prefetch(0))


@pytest.mark.parametrize("threads", range(1, 9))
def test_same_bytes(threads, expected):
    for prefetch in range(6):
        assert digest(usual(threads=threads).prefetch(prefetch)) == expected


def test_epochs_and_seeds_differ(expected):
    assert digest(usual(), epoch=1) != expected
    assert digest(usual(seed=4)) != expected


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_chain(data):
    count = data.draw(st.integers(1, 60))
    dataset = sb.Dataset.from_tensor_slices({"image": images(count), "label": np.arange(count)})
    batch = data.draw(st.integers(1, 20))
    chain = data.draw(
        st.lists(st.sampled_from(["shuffle", "take", "skip", "shard", "repeat"]), max_size=4)
    )
    where = data.draw(st.integers(0, len(chain)))
    dataset = dataset.map(sb.RandomCrop(7, 9), seed=5).map(sb.RandomContrast(0.4), seed=6)
    for step, method in enumerate([*chain[:where], "batch", *chain[where:]]):
        match method:
            case "shuffle":
                dataset = dataset.shuffle(seed=step)
            case "take":
                dataset = dataset.take(data.draw(st.integers(0, 40)))
            case "skip":
                dataset = dataset.skip(data.draw(st.integers(0, 5)))
            case "shard":
                dataset = dataset.shard(2, data.draw(st.integers(0, 1)))
            case "repeat":
                dataset = dataset.repeat(data.draw(st.integers(1, 3)))
            case "batch":
                dataset = dataset.batch(batch, data.draw(st.booleans()))
    one = dataset.with_options(threads=1).prefetch(0)
    other = dataset.with_options(threads=data.draw(st.integers(2, 4)))
    first = list(one.iterate(1))
    assert len(first) == len(dataset)
    assert digest(one, 1) == digest(other.prefetch(data.draw(st.integers(0, 5))), 1)
    for element in first:
        assert len(element["image"]) == len(element["label"]) > 0
