"""Promise: windows of any kind resume, shard and thread as every dataset does."""

from __future__ import annotations

import json

import numpy as np
import pytest

import samebytes as sb
from samebytes.plan import prefetch


def numbered(rows=400):
    return np.stack([np.arange(rows), np.arange(rows) // 90], 1).astype(np.float32)


KINDS = {
    "plain": lambda: sb.Dataset.from_tensor_slices(numbered()).window(12, horizon=2),
    "groups": lambda: sb.Dataset.from_tensor_slices(numbered()).window(
        12, 3, groups=numbered()[:, 1], horizon=1, columns=0
    ),
    "padded": lambda: sb.Dataset.from_tensor_slices(numbered()).window(
        60, 7, boundaries=np.r_[0:400:45, 400], padding="left"
    ),
    "parts": lambda: sb.Dataset.from_tensor_slices(
        sb.concat(np.split(numbered(), [50, 60, 61, 200]))
    ).window(12),
    "tokens": lambda: sb.TokenDataset(np.arange(3000, dtype=np.uint16), 12, seed=4),
    "tokens that cross": lambda: sb.TokenDataset(
        np.arange(3000, dtype=np.uint16),
        12,
        seed=4,
        boundaries=np.r_[0:3000:70, 3000],
        cross=True,
        replacement=True,
    ),
}


@pytest.fixture(params=KINDS)
def windows(request):
    return KINDS[request.param]()


def flat(element):
    from samebytes.plan.tree import flatten

    return [np.asarray(leaf) for leaf in flatten(element)[0]]


def batches(iterator):
    return [flat(element) for element in iterator]


def assert_all_same(some, others):
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        for a, b in zip(one, other, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)


def test_any_number_of_threads_gives_the_same_bytes(windows):
    dataset = windows.shuffle(seed=2).batch(8)
    expected = batches(dataset.with_options(threads=1).prefetch(0).iterate(3))
    for threads, ahead in ((1, 4), (2, 1), (5, 0), (7, 3)):
        found = dataset.with_options(threads=threads).prefetch(ahead)
        assert_all_same(batches(found.iterate(3)), expected)


def test_every_batch_is_that_of_the_reference(windows):
    dataset = windows.batch(8)
    order = np.arange(len(windows))
    plan = dataset.plan
    _, indices = plan.samples.locate(np.full(len(order), 1), order)
    for number, found in enumerate(batches(dataset.iterate(1))):
        expected = flat(dataset.reference(indices[number * 8 : number * 8 + 8], epoch=1))
        assert_all_same([found], [expected])


@pytest.mark.parametrize("together", [True, False])
def test_a_state_goes_on_exactly_at_every_batch(windows, together, monkeypatch):
    if not together:
        monkeypatch.setattr(prefetch, "BLOCK_BYTES", 0)
    dataset = windows.shuffle(seed=2).batch(16)
    iterator, states, whole = dataset.iterate(2), [], []
    while True:
        states.append(json.dumps(iterator.state_dict()))
        try:
            whole.append(flat(next(iterator)))
        except StopIteration:
            break
    for number in range(0, len(states), 3):
        again = dataset.with_options(threads=3).iterate(0)
        again.load_state_dict(json.loads(states[number]))
        assert_all_same(batches(again), whole[number:])


def test_shards_are_the_whole_and_share_nothing(windows):
    dataset = windows.shuffle(seed=2)
    whole = batches(dataset.iterate(1))
    for shards in (2, 3):
        parts = [batches(dataset.shard(shards, k).iterate(1)) for k in range(shards)]
        assert sum(len(part) for part in parts) == len(whole)
        for k, part in enumerate(parts):
            assert_all_same(part, whole[k::shards])


def test_tensors_are_the_same_values(windows):
    pytest.importorskip("tensorflow")
    dataset = windows.shuffle(seed=2).batch(16)
    tensors = [
        [np.array(part) for part in flat(element)]
        for element in dataset.with_format("tensorflow").iterate(1)
    ]
    expected = [[np.array(part) for part in element] for element in batches(dataset.iterate(1))]
    assert_all_same(tensors, expected)
    fed = [flat(element) for element in dataset.to_tf()]
    assert_all_same(fed, batches(dataset.iterate(0)))
