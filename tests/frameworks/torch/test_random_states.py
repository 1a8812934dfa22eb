"""Ten thousand random trainings, interrupted and resumed, against an oracle of plain lists."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch.utils.data._utils.worker as torch_worker

from tests.frameworks.torch.feed_oracle import FeedOracle
from tests.frameworks.torch.feeding import as_lists, epochs_of, random_dataset
from tests.frameworks.torch.loader_of_lists import LoaderOfLists

PLAIN, SHARED_OUT = 1300, 400
"""Trainings in each of the seven tests of the one, and of the three of the other: 10,300 in all."""


def taken(feed, count):
    """Return the first batches of an iteration, and whether its end was reached, as they come."""
    iterator = iter(feed)
    if count is None:
        return as_lists(iterator)
    return as_lists(batch for _, batch in zip(range(count), iterator, strict=False))


def stopped_at(rng, oracle):
    """Return after how many batches an iteration is left; None: at its end."""
    epoch, done = oracle.upcoming()
    most = len(oracle.epoch_of(epoch)) - done
    return None if rng.random() < 0.3 else int(rng.integers(0, max(most, 0) + 1))


@pytest.mark.parametrize("part", range(7))
def test_to_torch_stands_where_the_oracle_does(part):
    for case in range(PLAIN):
        rng = np.random.default_rng((part, case))
        ds = random_dataset(rng)
        feed, oracle = ds.to_torch(), FeedOracle(epochs_of(ds))
        for _ in range(int(rng.integers(1, 6))):
            step = rng.random()
            if step < 0.15:
                epoch = int(rng.integers(0, 4))
                feed.set_epoch(epoch)
                oracle.set_epoch(epoch)
            elif step < 0.45:
                state = json.loads(json.dumps(feed.state_dict()))
                feed, oracle = ds._with().to_torch(), oracle.saved()
                feed.load_state_dict(state)
                assert feed.state_dict() == state
            else:
                count = stopped_at(rng, oracle)
                assert taken(feed, count) == oracle.take(count), (part, case)


@pytest.mark.parametrize("part", range(3))
def test_workers_stand_where_the_oracle_does(part, monkeypatch):
    for case in range(SHARED_OUT):
        rng = np.random.default_rng((100 + part, case))
        ds = random_dataset(rng)
        workers, persistent = int(rng.integers(1, 5)), bool(rng.random() < 0.5)
        with monkeypatch.context() as patched:
            loader = LoaderOfLists(ds, workers, persistent, patched, torch_worker)
            oracle = FeedOracle(epochs_of(ds))
            for _ in range(int(rng.integers(1, 5))):
                step = rng.random()
                if step < 0.15 and oracle.running is None and loader.resumed is None:
                    epoch = int(rng.integers(0, 4))
                    loader.dataset.set_epoch(epoch)
                    oracle.set_epoch(epoch)
                elif step < 0.45 and oracle.running is not None:
                    state = json.loads(json.dumps(loader.state_dict()))
                    loader = LoaderOfLists(ds._with(), workers, persistent, patched, torch_worker)
                    loader.load_state_dict(state)
                    oracle = oracle.saved()
                    oracle.exact = True  # a worker cannot know of the others
                else:
                    count = stopped_at(rng, oracle)
                    if count == 0:
                        continue
                    assert taken(loader, count) == oracle.take(count), (part, case)
