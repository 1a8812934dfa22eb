"""Batches again and again, whatever their format: the place of each iteration, told or counted."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import samebytes as sb
from samebytes.engine.epoch_counter import EpochCounter
from samebytes.feeds.places import CountedPlaces, Place, Progress, Share, part_of
from samebytes.feeds.resumable import ResumableBatches


def dataset(count=23):
    return sb.Dataset.from_tensor_slices(np.arange(count)).shuffle(seed=1).batch(4)


def lists(batches):
    return [batch.tolist() for batch in batches]


EPOCHS = [lists(dataset().iterate(epoch)) for epoch in range(4)]


def test_counts_saves_and_resumes():
    ds = dataset()
    feed = ResumableBatches(ds.pipeline, CountedPlaces(EpochCounter()))
    assert lists(feed) == EPOCHS[0]
    batches = iter(feed)
    next(batches), next(batches)
    fresh = ResumableBatches(ds.pipeline, CountedPlaces(EpochCounter()))
    fresh.load_state_dict(feed.state_dict())
    assert lists(fresh) == EPOCHS[1][2:]
    assert lists(fresh) == EPOCHS[2]
    fresh.sampler.set_epoch(0)
    assert lists(fresh) == EPOCHS[0]


def test_the_state_of_an_iterator_fits_a_feed_and_the_other_way_round():
    iterator = dataset().iterate(2)
    next(iterator)
    feed = ResumableBatches(dataset().pipeline, CountedPlaces(EpochCounter()))
    feed.load_state_dict(iterator.state_dict())
    assert feed.state_dict() == iterator.state_dict()
    batches = iter(feed)
    next(batches)
    other = dataset().iterate(0)
    other.load_state_dict(feed.state_dict())
    assert lists(other) == lists(batches) == EPOCHS[2][2:]


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("position", [0, 4, 5, 23])
@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_the_parts_of_workers_are_the_whole(count, position, drop):
    ds = sb.Dataset.from_tensor_slices(np.arange(23)).shuffle(seed=1).batch(4, drop_remainder=drop)
    from samebytes.engine.iterator import Iterator
    from samebytes.engine.pipeline import Pipeline

    def made(part):
        return lists(Iterator(Pipeline(part, ds.options), 3))

    parts = [made(part_of(ds.plan, position, Share(count, k))) for k in range(count)]
    whole = lists(Iterator(ds.pipeline, 3, position))
    together = [parts[k % count][k // count] for k in range(len(whole))]
    assert together == whole
    assert sum(map(len, parts)) == len(whole)


def test_an_epoch_that_is_done_with_is_followed_by_the_next_unless_it_was_named():
    plan = dataset().plan
    assert Place(3, 20).settled(plan) == Place(3, 20)
    assert Place(3, 23).settled(plan) == Place(4)
    assert Place(3, 23, exact=True).settled(plan) == Place(3, 23, exact=True)
    dropping = sb.Dataset.from_tensor_slices(np.arange(23)).batch(4, drop_remainder=True)
    assert Place(3, 20).settled(dropping.plan) == Place(4)
    endless = sb.Dataset.from_tensor_slices(np.arange(23)).repeat().batch(4)
    assert Place(3, 1 << 30).settled(endless.plan) == Place(3, 1 << 30)
    nothing = sb.Dataset.from_tensor_slices(np.zeros(0)).batch(4)
    assert Place(3, 0).settled(nothing.plan) == Place(3, 0)


def test_a_place_that_is_named_keeps_what_is_done_of_its_own_epoch():
    assert Place(3, 20).told(3) == Place(3, 20, exact=True)
    assert Place(3, 20).told(4) == Place(4, exact=True)


def test_a_position_ends_with_the_samples():
    plan = dataset().plan
    assert Progress(Place(0), taken=6).state(plan)["position"] == 23
    assert Progress(Place(0, 3), taken=2).state(plan)["position"] == 11


def test_the_counter_goes_on_behind_an_epoch_that_was_told():
    epochs = EpochCounter()
    assert [epochs.next_epoch(), epochs.upcoming] == [0, 1]
    epochs.continue_behind(7)
    assert epochs.next_epoch() == 8


@pytest.mark.parametrize(
    "call",
    [
        "ds.to_torch()",
        "ds.to_torch_dataset()",
        "next(iter(ds.with_format('torch')))",
        "sb.explain(np.zeros(3), to='torch')",
    ],
)
def test_without_torch_it_says_what_to_install(call):
    script = f"""
import sys; sys.modules["torch"] = None
import numpy as np, samebytes as sb
ds = sb.Dataset.from_tensor_slices(np.zeros(3)).batch(1)
try:
    {call}
except sb.MissingPackage as missing:
    print(missing)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "PyTorch is not installed, or cannot be imported here; install it: pip install "
        "'samebytes[torch]'\n"
    )
