"""`to_torch()`: a plain iterable that counts, saves and resumes exactly; in a plain loop."""

from __future__ import annotations

import gc
import json
import pickle
import threading

import numpy as np
import pytest
import torch

import samebytes as sb
from samebytes.feeds.resumable import Iteration
from tests.engine.feeding import no_threads_left
from tests.frameworks.torch.feeding import as_lists


def dataset(count=23, seed=1):
    return sb.Dataset.from_tensor_slices(np.arange(count)).shuffle(seed=seed).batch(4)


EPOCHS = [as_lists(dataset().iterate(epoch)) for epoch in range(6)]


def test_what_it_is():
    feed = dataset().to_torch()
    assert not isinstance(feed, torch.utils.data.IterableDataset | torch.utils.data.DataLoader)
    assert not hasattr(feed, "dataset")  # a DataLoader's, which trainers would look into
    assert len(feed) == 6
    with pytest.raises(TypeError, match=r"endless and has no length; take\(n\) gives"):
        len(dataset().repeat().to_torch())
    (x,) = sb.Dataset.from_tensor_slices(np.arange(3)).batch(3).to_torch()
    assert (x.dtype, x.tolist()) == (torch.int64, [0, 1, 2])


def test_each_iteration_is_a_new_epoch():
    feed = dataset().to_torch()
    assert [as_lists(feed) for _ in range(4)] == EPOCHS[:4]


def test_an_epoch_is_counted_when_it_begins():
    ds = dataset()
    feed = ds.to_torch()
    late, unused = iter(feed), iter(feed)
    assert as_lists(feed) == EPOCHS[0]
    assert as_lists(late) == EPOCHS[1]
    del unused
    assert as_lists(feed) == EPOCHS[2]
    assert as_lists(ds) == EPOCHS[3]  # all feeds of a dataset count together
    assert as_lists(ds.to_torch()) == EPOCHS[4]


@pytest.mark.parametrize("name", ["itself", "its sampler"])
def test_set_epoch(name):
    feed = dataset().to_torch()
    setter = feed if name == "itself" else feed.sampler
    for epoch in (3, 3, 0):
        setter.set_epoch(epoch)
        assert as_lists(feed) == EPOCHS[epoch]
    assert as_lists(feed) == EPOCHS[1]
    setter.set_epoch(torch.tensor(4))
    assert as_lists(feed) == EPOCHS[4]
    with pytest.raises(ValueError, match=r"set_epoch\(-1\): expected"):
        setter.set_epoch(-1)
    sampler = feed.sampler
    del feed
    sampler.set_epoch(2)  # nobody is there to hear it


def test_set_epoch_after_iter_is_in_time():
    feed = dataset().to_torch()
    iterator = iter(feed)
    feed.set_epoch(3)
    assert as_lists(iterator) == EPOCHS[3]


@pytest.mark.parametrize("done", range(7))
def test_a_plain_loop_resumes_anywhere(done):
    feed = dataset().to_torch()
    batches = iter(feed)
    for _ in range(done):
        next(batches)
    state = json.loads(json.dumps(feed.state_dict()))
    fresh = dataset().to_torch()
    fresh.load_state_dict(state)
    assert fresh.state_dict() == state
    rest = EPOCHS[0][done:] or EPOCHS[1]
    assert as_lists(fresh) == rest
    assert as_lists(fresh) == EPOCHS[1 if done < 6 else 2]
    told = dataset().to_torch()
    told.load_state_dict(state)
    told.set_epoch(0)  # an epoch that its loop still counts as begun may be over
    assert as_lists(told) == EPOCHS[0][done:]
    told.set_epoch(1)
    assert as_lists(told) == EPOCHS[1]


def test_the_state_of_an_epoch_that_has_ended_is_the_next_one():
    feed = dataset().to_torch()
    as_lists(feed)
    state = feed.state_dict()
    assert (state["epoch"], state["position"]) == (1, 0)
    fresh = dataset().to_torch()
    fresh.load_state_dict(state)
    assert as_lists(fresh) == EPOCHS[1]


def test_what_is_made_ahead_is_not_counted():
    feed = dataset().prefetch(5).to_torch()
    next(iter(feed))
    assert feed.state_dict()["position"] == 4


def test_a_loop_that_was_left_can_be_saved():
    feed = dataset().to_torch()
    for number, _ in enumerate(feed):
        if number == 2:
            break
    gc.collect()
    assert feed.state_dict()["position"] == 12
    assert as_lists(feed) == EPOCHS[1]


def test_a_resumed_training_can_be_resumed():
    feed, seen = dataset().to_torch(), []
    for _ in range(9):
        for batch in feed:
            seen += as_lists([batch])
            if len(seen) % 2 == 0:
                break
        state = feed.state_dict()
        feed = dataset().to_torch()
        feed.load_state_dict(state)
    assert seen == (EPOCHS[0] + EPOCHS[1] + EPOCHS[2])[: len(seen)]
    assert len(seen) > 12


def test_seeds_that_were_drawn_are_taken_from_the_state():
    ours, theirs = dataset(seed=None).to_torch(), dataset(seed=None).to_torch()
    batches = iter(ours)
    next(batches)
    theirs.load_state_dict(ours.state_dict())
    assert as_lists(theirs) == as_lists(batches)
    assert as_lists(theirs) == as_lists(ours)
    assert theirs.state_dict() == ours.state_dict()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "this state has no version"),
        (3, "this state is 3: expected a dict"),
        (dataset(24).to_torch().state_dict(), "belongs to another plan"),
        (dataset(seed=2).to_torch().state_dict(), "Only seeds differ"),
        (
            {"began": dataset().to_torch().state_dict(), "workers": 2, "worker": 1, "taken": 3},
            r"of worker 1 of 2, but this is no worker: .* StatefulDataLoader with num_workers=2",
        ),
        ({"began": {}, "workers": 2, "worker": 1}, "this state of a worker has no taken"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_in_words(state, words):
    feed = dataset().to_torch()
    with pytest.raises(ValueError, match=words):
        feed.load_state_dict(state)
    assert as_lists(feed) == EPOCHS[0]


def test_close_stops_the_threads_and_ends_no_epoch():
    feed = dataset(4000).to_torch()
    batches = iter(feed)
    next(batches)
    feed.close()
    assert no_threads_left()
    with pytest.raises(StopIteration):
        next(batches)
    assert (feed.state_dict()["epoch"], feed.state_dict()["position"]) == (0, 4)
    feed.close()
    never = iter(feed)
    never.close()
    assert list(never) == []
    assert feed.state_dict()["epoch"] == 0


def test_threads_stop_when_it_is_let_go_of():
    batches = iter(dataset(4000).to_torch())
    next(batches)
    del batches
    gc.collect()
    assert no_threads_left()


def test_several_threads_may_share_an_iteration():
    feed, seen = dataset(4000).to_torch(), []
    batches = iter(feed)

    def work():
        for batch in batches:
            seen.extend(batch.tolist())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(4000))
    assert feed.state_dict()["epoch"] == 1


def test_it_is_not_pickled():
    with pytest.raises(TypeError, match="pickle the dataset instead, and make them from it there"):
        pickle.dumps(dataset().to_torch())


def test_an_error_leaves_the_place_before_it():
    def fail(x):
        if 0 in x:
            raise ValueError("zero")
        return x

    ds = sb.Dataset.from_tensor_slices(np.arange(20)[::-1].copy()).batch(4).map(fail)
    feed = ds.to_torch()
    with pytest.raises(ValueError, match="zero"):
        list(feed)
    assert feed.state_dict()["position"] == 16


def test_a_plain_training_loop():
    x = np.linspace(-1, 1, 512, dtype="f4")[:, None]
    ds = sb.Dataset.from_tensor_slices((x, 3 * x + 1)).shuffle(seed=0).batch(32)
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.3)
    feed = ds.to_torch()
    for epoch in range(5):
        feed.set_epoch(epoch)
        for inputs, targets in feed:
            loss = torch.nn.functional.mse_loss(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert model.weight.item() == pytest.approx(3, abs=0.05)
    assert model.bias.item() == pytest.approx(1, abs=0.05)
    assert isinstance(iter(feed), Iteration)
