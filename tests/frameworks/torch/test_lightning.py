"""Lightning trains with `to_torch()`: every epoch whole and once, resumed at any batch."""

from __future__ import annotations

import logging
import re

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import samebytes as sb
from tests.frameworks.torch.feeding import as_lists

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning has much to say

lightning = pytest.importorskip("lightning")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def dataset():
    inputs = np.arange(23, dtype="f4").reshape(23, 1)
    return sb.Dataset.from_tensor_slices((inputs, np.arange(23))).shuffle(seed=1).batch(4)


def epochs(count):
    """Return (epoch, labels) of each batch of the first epochs."""
    return [
        (epoch, labels)
        for epoch in range(count)
        for labels in as_lists(y for _, y in dataset().iterate(epoch))
    ]


class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.seen = []

    def training_step(self, batch, _):
        inputs, labels = batch
        self.seen.append((self.current_epoch, labels.tolist()))
        return self.layer(inputs).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


def fit(feed, epochs, *, resume=None, callbacks=()):
    """Return the batches that a training saw."""
    model = Model()
    trainer = lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=bool(callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=list(callbacks),
    )
    trainer.fit(model, feed, ckpt_path=resume)
    return model.seen


def test_no_epoch_is_lost_to_its_probing():
    assert fit(dataset().to_torch(), 3) == epochs(3)


@pytest.mark.parametrize("workers", [0, 2])
def test_its_loader_is_fed_too(workers):
    loader = DataLoader(dataset().to_torch_dataset(), batch_size=None, num_workers=workers)
    assert fit(loader, 3) == epochs(3)


def test_resumes_at_every_batch(tmp_path):
    saving = lightning.pytorch.callbacks.ModelCheckpoint(
        tmp_path, every_n_train_steps=1, save_top_k=-1, filename="{step}"
    )
    assert fit(dataset().to_torch(), 2, callbacks=[saving]) == epochs(2)
    saved = sorted(tmp_path.glob("*.ckpt"))
    assert len(saved) == 12
    for path in saved:
        done = int(re.findall(r"\d+", path.name)[0])
        assert fit(dataset().to_torch(), 3, resume=path) == epochs(3)[done:], path.name


def test_resumes_at_the_end_of_an_epoch(tmp_path):
    saving = lightning.pytorch.callbacks.ModelCheckpoint(
        tmp_path, save_on_train_epoch_end=True, save_top_k=-1, filename="{epoch}"
    )
    fit(dataset().to_torch(), 2, callbacks=[saving])
    for epoch in range(2):
        again = fit(dataset().to_torch(), 3, resume=tmp_path / f"epoch={epoch}.ckpt")
        assert again == epochs(3)[6 * (epoch + 1) :]


def test_a_resumed_training_is_resumed(tmp_path):
    def saving(step):
        return lightning.pytorch.callbacks.ModelCheckpoint(
            tmp_path, every_n_train_steps=step, save_top_k=-1, filename="{step}"
        )

    fit(dataset().to_torch(), 1, callbacks=[saving(4)])
    fit(dataset().to_torch(), 2, resume=tmp_path / "step=4.ckpt", callbacks=[saving(9)])
    assert fit(dataset().to_torch(), 2, resume=tmp_path / "step=9.ckpt") == epochs(2)[9:]
