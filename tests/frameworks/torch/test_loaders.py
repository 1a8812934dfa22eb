"""`to_torch_dataset()` in PyTorch's own loaders, with real processes."""

from __future__ import annotations

import copy
import gc
import multiprocessing
import pickle
import tempfile

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader

import samebytes as sb
from tests.frameworks.torch.feeding import as_lists

pytestmark = [
    # torchdata calls a function that this torch would rather not have called.
    pytest.mark.filterwarnings("ignore:.*set_vital"),
    # The tests have more workers than cores.
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
]


def dataset(count=23, seed=1):
    return sb.Dataset.from_tensor_slices(np.arange(count)).shuffle(seed=seed).batch(4)


EPOCHS = [as_lists(dataset().iterate(epoch)) for epoch in range(8)]
WORKERS = [(0, False), (1, False), (1, True), (2, False), (2, True), (3, False), (3, True)]


def loader_of(workers, persistent, kind=DataLoader, ds=None, **options):
    made = (ds or dataset()).to_torch_dataset()
    return kind(
        made, batch_size=None, num_workers=workers, persistent_workers=persistent, **options
    )


@pytest.mark.parametrize(("workers", "persistent"), WORKERS)
class TestDataLoader:
    def test_every_batch_once_in_order_in_every_epoch(self, workers, persistent):
        loader = loader_of(workers, persistent)
        assert [as_lists(loader) for _ in range(3)] == EPOCHS[:3]
        assert len(loader) == 6

    def test_set_epoch_reaches_the_workers(self, workers, persistent):
        loader = loader_of(workers, persistent)
        for epoch in (4, 1, 1):
            loader.dataset.set_epoch(epoch)
            assert as_lists(loader) == EPOCHS[epoch]
        assert as_lists(loader) == EPOCHS[2]

    def test_an_epoch_that_is_left_is_not_mixed_with_the_next(self, workers, persistent):
        loader = loader_of(workers, persistent)
        for epoch in range(4):
            batches = iter(loader)
            assert as_lists([next(batches), next(batches)]) == EPOCHS[epoch][:2]
            del batches

    def test_it_goes_on_from_a_state_of_to_torch(self, workers, persistent):
        feed = dataset().to_torch()
        batches = iter(feed)
        next(batches), next(batches)
        loader = loader_of(workers, persistent)
        loader.dataset.load_state_dict(feed.state_dict())
        assert as_lists(loader) == EPOCHS[0][2:]
        assert as_lists(loader) == EPOCHS[1]

    @pytest.mark.parametrize("count", [1, 2, 4, 5])
    def test_fewer_batches_than_workers(self, workers, persistent, count):
        ds = sb.Dataset.from_tensor_slices(np.arange(count)).batch(4)
        loader = loader_of(workers, persistent, ds=ds)
        assert [as_lists(loader) for _ in range(2)] == [as_lists(ds)] * 2

    def test_single_samples_and_chosen_batches(self, workers, persistent):
        samples = sb.Dataset.from_tensor_slices(np.arange(10)).shuffle(seed=1)
        chosen = dataset().shuffle(seed=3).skip(1).repeat(2)
        for ds in (samples, chosen):
            loader = loader_of(workers, persistent, ds=ds)
            expected = [as_lists(ds.iterate(epoch)) for epoch in range(2)]
            assert [as_lists(loader) for _ in range(2)] == expected


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_that_are_not_forked(method):
    loader = loader_of(2, persistent=True, multiprocessing_context=method)
    assert as_lists(loader) == EPOCHS[0]
    loader.dataset.set_epoch(3)
    assert as_lists(loader) == EPOCHS[3]


def test_the_same_seed_for_every_epoch_is_no_reason_to_repeat_it():
    loader = loader_of(2, persistent=False)
    found = []
    for _ in range(3):
        torch.manual_seed(42)
        found.append(as_lists(loader))
    assert found == EPOCHS[:3]


def test_two_loaders_of_one_dataset_at_a_time():
    made = dataset().to_torch_dataset()
    one, other = (DataLoader(made, batch_size=None, num_workers=2) for _ in range(2))
    pairs = list(zip(one, other, strict=True))
    found = [as_lists(column) for column in zip(*pairs, strict=True)]
    assert sorted(found) == sorted(EPOCHS[:2])


@pytest.mark.parametrize(("workers", "persistent"), WORKERS)
class TestStatefulDataLoader:
    def test_a_state_in_the_middle(self, workers, persistent):
        loader = loader_of(workers, persistent, StatefulDataLoader)
        assert as_lists(loader) == EPOCHS[0]
        for done in (1, 4):
            batches = iter(loader)
            for _ in range(done):
                next(batches)
            state = pickle.loads(pickle.dumps(loader.state_dict()))
            epoch = 1 if done == 1 else 2
            rest = as_lists(batches)
            assert rest == EPOCHS[epoch][done:]
            fresh = loader_of(workers, persistent, StatefulDataLoader)
            fresh.load_state_dict(state)
            # Epochs after it are whole: huggingface/datasets#7447.
            assert as_lists(fresh) == rest
            assert as_lists(fresh) == EPOCHS[epoch + 1]
            assert as_lists(fresh) == EPOCHS[epoch + 2]

    def test_a_state_at_the_end_is_the_next_epoch(self, workers, persistent):
        # meta-pytorch/data#1437: there, one epoch is empty.
        loader = loader_of(workers, persistent, StatefulDataLoader)
        as_lists(loader), as_lists(loader)
        fresh = loader_of(workers, persistent, StatefulDataLoader)
        fresh.load_state_dict(loader.state_dict())
        assert [as_lists(fresh) for _ in range(2)] == EPOCHS[2:4]

    def test_a_second_resume(self, workers, persistent):
        # huggingface/datasets#8308: there, it begins from the start.
        loader = loader_of(workers, persistent, StatefulDataLoader)
        seen = []
        for done in (2, 1, 2, 1, 3):
            batches = iter(loader)
            for _ in range(done):
                seen += as_lists([next(batches)])
                if len(seen) == 6:  # the end of an epoch is only seen by asking for more
                    assert as_lists(batches) == []
            state = loader.state_dict()
            loader = loader_of(workers, persistent, StatefulDataLoader)
            loader.load_state_dict(state)
        assert seen == (EPOCHS[0] + EPOCHS[1])[: len(seen)]

    def test_seeds_that_were_drawn_are_the_states(self, workers, persistent):
        loader = loader_of(workers, persistent, StatefulDataLoader, dataset(seed=None))
        as_lists(loader)
        state = loader.state_dict()
        expected = [as_lists(loader) for _ in range(3)]
        fresh = loader_of(workers, persistent, StatefulDataLoader, dataset(seed=None))
        fresh.load_state_dict(state)
        assert [as_lists(fresh) for _ in range(3)] == expected

    def test_a_state_before_the_first_batch(self, workers, persistent):
        loader = loader_of(workers, persistent, StatefulDataLoader)
        state = loader.state_dict()
        assert as_lists(loader) == EPOCHS[0]
        fresh = loader_of(workers, persistent, StatefulDataLoader)
        fresh.load_state_dict(state)
        assert [as_lists(fresh) for _ in range(2)] == EPOCHS[:2]


class TestInWords:
    def test_the_state_of_a_dataloader_with_workers(self):
        loader = loader_of(2, persistent=False)
        next(iter(loader))
        with pytest.raises(RuntimeError, match="take the state of a torchdata StatefulDataLoader"):
            loader.dataset.state_dict()
        loader.dataset.set_epoch(5)
        assert loader.dataset.state_dict()["epoch"] == 5

    def test_another_number_of_workers(self):
        made = dataset().to_torch_dataset()
        state = {"began": made.state_dict(), "workers": 2, "worker": 1, "taken": 3}
        with pytest.raises(ValueError, match="of worker 1 of 2, but this is no worker"):
            made.load_state_dict(state)

    def test_endless(self):
        with pytest.raises(TypeError, match="endless and has no length"):
            len(dataset().repeat().to_torch_dataset())


def test_without_workers_nothing_is_copied():
    with sb.no_copy():
        assert as_lists(loader_of(0, persistent=False)) == EPOCHS[0]


def test_without_workers_its_own_state_is_exact():
    loader = loader_of(0, persistent=False)
    batches = iter(loader)
    next(batches), next(batches)
    state = loader.dataset.state_dict()
    fresh = loader_of(0, persistent=False)
    fresh.dataset.load_state_dict(state)
    assert as_lists(fresh) == EPOCHS[0][2:]
    other = dataset().to_torch()
    other.load_state_dict(state)
    assert as_lists(other) == EPOCHS[0][2:]


def test_its_length_in_a_loader_is_that_of_the_dataset():
    assert len(loader_of(2, persistent=False)) == len(dataset())


def test_copies_count_for_themselves():
    made = dataset().to_torch_dataset()
    as_lists(made)
    twins = [copy.deepcopy(made), pickle.loads(pickle.dumps(made))]
    assert [as_lists(twin) for twin in [made, *twins]] == [EPOCHS[1]] * 3


def _begin(made, queue):
    queue.put(as_lists(made))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_ranks_of_a_training_count_for_themselves(method, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = dataset().to_torch_dataset()
    made.set_epoch(2)
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    ranks = [context.Process(target=_begin, args=(made, queue)) for _ in range(2)]
    for rank in ranks:
        rank.start()
    found = [queue.get(timeout=100) for _ in ranks]
    for rank in ranks:
        rank.join()
    assert [*found, as_lists(made)] == [EPOCHS[2]] * 3
    assert len(list(tmp_path.glob("samebytes-epochs-*"))) == 1  # of this process
    del made
    gc.collect()
    assert not list(tmp_path.glob("samebytes-epochs-*"))
