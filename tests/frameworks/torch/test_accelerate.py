"""Accelerate leaves `to_torch()` as it is; its loader gives each batch of `to_torch_dataset()`."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import samebytes as sb
from tests.frameworks.torch.feeding import as_lists

pytestmark = pytest.mark.filterwarnings("ignore")

accelerate = pytest.importorskip("accelerate")


def dataset():
    return sb.Dataset.from_tensor_slices(np.arange(23)).shuffle(seed=1).batch(4)


EPOCHS = [as_lists(dataset().iterate(epoch)) for epoch in range(4)]


@pytest.fixture
def accelerator():
    return accelerate.Accelerator(cpu=True)


def test_prepare_leaves_it_alone(accelerator):
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    feed = dataset().to_torch()
    model, optimizer, prepared = accelerator.prepare(model, optimizer, feed)
    assert prepared is feed
    seen = []
    for epoch in range(2):
        prepared.set_epoch(epoch)
        for batch in prepared:
            loss = model(batch[:, None].float()).mean()
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            seen += as_lists([batch])
    assert seen == EPOCHS[0] + EPOCHS[1]


def test_its_loader_gives_every_batch(accelerator):
    loader = accelerator.prepare(DataLoader(dataset().to_torch_dataset(), batch_size=None))
    for epoch in (0, 1, 3):
        loader.set_epoch(epoch)
        assert as_lists(loader) == EPOCHS[epoch]
