"""Train with PyTorch in several processes: each makes its slice of every batch.

Start it with PyTorch's launcher, here as two processes of this machine, or alone::

    torchrun --standalone --nproc-per-node=2 train_ddp.py
    python train_ddp.py

The losses are the same. A run that was interrupted, by whatever means, continues exactly where its
last checkpoint was, in any number of processes that divides the batch.
"""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist

import samebytes as sb

BATCH, EPOCHS = 64, 3  # samples of all processes together
CHECKPOINT = Path("checkpoint.pt")
SAVE_EVERY = 5  # batches

several = "WORLD_SIZE" in os.environ  # torchrun's
if several:
    dist.init_process_group("gloo")
first = not several or dist.get_rank() == 0

# What every process can read. Here it is made up; else it is a file that they share.
rng = np.random.default_rng(0)
features = rng.normal(size=(1000, 16)).astype("float32")
targets = np.tanh(features @ rng.normal(size=(16, 1))).astype("float32")

ds = (
    sb.Dataset.from_tensor_slices((features, targets))
    .shuffle(seed=0)  # the same order for all,
    .batch(BATCH)
    .distribute()  # and each its slice
)
if first:
    print(ds)

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
saved = torch.load(CHECKPOINT) if CHECKPOINT.exists() else None
if saved is not None:
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
replica = torch.nn.parallel.DistributedDataParallel(model) if several else model


def save(position: dict[str, Any]) -> None:
    """Save everything that a run continues from; whoever dies meanwhile leaves a whole file."""
    written = CHECKPOINT.with_suffix(".new")
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "data": position}
    torch.save(state, written)
    written.replace(CHECKPOINT)


def train_step(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> float:
    """Train on this process's part of a batch, and return the loss of all of it."""
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(replica(torch.from_numpy(x)), torch.from_numpy(y))
    loss.backward()  # averages the gradients over all processes
    optimizer.step()
    mean = loss.detach()
    if several:
        dist.all_reduce(mean)
        mean /= dist.get_world_size()
    return float(mean)


begin = 0 if saved is None else saved["data"]["epoch"]
epochs = int(sys.argv[1]) if len(sys.argv) > 1 else EPOCHS
for epoch in range(begin, epochs):
    with ds.iterate(epoch) as batches:
        if saved is not None:
            batches.load_state_dict(saved["data"])  # of any process, in any number of them
            saved = None
        for x, y in batches:
            loss = train_step(x, y)
            position = batches.state_dict()
            step = position["position"] // BATCH
            if first:
                print(f"epoch {epoch} batch {step}: loss {loss:.9f}", flush=True)
                if step % SAVE_EVERY == 0:
                    save(position)

if several:
    dist.destroy_process_group()
