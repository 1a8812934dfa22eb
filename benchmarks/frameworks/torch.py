"""What feeding PyTorch must reach, beside NumPy batches of the same engine and its DataLoader.

Random 256x256 crops of 512x512x3 uint8, shuffled, to float32 / 255, batch 32; and 64 x 1024 tokens
of a uint16 file as x and y of int64. Run as ``python -m benchmarks.frameworks.torch``, where
PyTorch is installed and TensorFlow need not be; exits with 1 when a figure is missed. The
contenders run in turn within one process; medians over the rounds.

A ``DataLoader`` takes 8 µs for each item, whatever it is. What `to_torch_dataset` loses in one is
therefore measured with images: a batch of tokens is there in 50.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

import samebytes as sb
from benchmarks.frameworks.rates import at_least, rates
from benchmarks.peers.contenders.torch import CONTENDERS
from benchmarks.peers.jobs.images import Images
from benchmarks.peers.jobs.tokens import Tokens
from benchmarks.promises.figures import Figure, print_figures
from samebytes.memory.cores import available_cores

EPOCHS = 15
"""Of images: one lasts 40 ms, and to start one takes a few."""


class Crops(Dataset):  # type: ignore[misc]
    """Samples one by one, as PyTorch's tutorials write it; its loader stacks them."""

    def __init__(self, job: Images, folder: Path) -> None:
        self.images = job.images(folder)
        self.crop, self.room = job.crop, job.size - job.crop + 1

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, number: int) -> torch.Tensor:
        top, left = torch.randint(self.room, (2,)).tolist()
        crop = self.images[number, top : top + self.crop, left : left + self.crop]
        return torch.from_numpy(np.array(crop)).to(torch.float32) / 255


def of_peers(job: Any, folder: Path) -> Any:
    """Return the DataLoader of the suite beside the peers: whole batches, no worker."""
    (loader,) = [one.start(job, folder) for one in CONTENDERS if one.job == job.key]
    return loader


def crops(folder: Path) -> list[Figure]:
    job = Images()
    job.write(folder)
    ds = (
        sb.Dataset.from_tensor_slices(sb.open(job.path(folder)))
        .shuffle(seed=0)
        .map(sb.RandomCrop(job.crop, job.crop))
        .map(sb.Rescaling(1 / 255))
        .batch(job.batch, drop_remainder=True)
        .repeat(EPOCHS)
    )
    tensors, feed, theirs = ds.with_format("torch"), ds.to_torch(), of_peers(job, folder)
    loader = DataLoader(ds.to_torch_dataset(), batch_size=None)
    workers = DataLoader(
        Crops(job, folder),
        batch_size=job.batch,
        shuffle=True,
        drop_last=True,
        num_workers=available_cores(),
        persistent_workers=True,
    )

    rate = rates(
        {
            "samebytes, NumPy": lambda: ds.iterate(),
            "samebytes, tensors": lambda: tensors.iterate(),
            "samebytes, to_torch()": lambda: feed,
            "samebytes, DataLoader(to_torch_dataset())": lambda: loader,
            "DataLoader, whole batches by NumPy": lambda: theirs,
            "DataLoader, a worker a core": lambda: workers,
        },
        "images",
        job.batch,
        lambda batch: job.places(batch, folder),
    )
    theirs_by_rate = sorted((median(rate[n]), n) for n in rate if n.startswith("DataLoader"))
    best = theirs_by_rate[-1][1]
    numpy, ours = "samebytes, NumPy", "samebytes, to_torch()"
    return [
        at_least(rate, "crops as tensors: of the NumPy rate", "samebytes, tensors", numpy, 0.97),
        at_least(rate, "  by to_torch()", ours, numpy, 0.97),
        at_least(rate, f"  by to_torch(): times the best {best}", ours, best, 4),
        at_least(
            rate,
            "  DataLoader(to_torch_dataset()): of to_torch()",
            "samebytes, DataLoader(to_torch_dataset())",
            ours,
            0.9,
        ),
    ]


def tokens(folder: Path) -> list[Figure]:
    job = Tokens()
    job.write(folder)
    samples = sb.TokenDataset(job.path(folder), job.context, seed=0).repeat()
    ds = samples.batch(job.sequences)
    tensors, feed, theirs = ds.with_format("torch"), ds.to_torch(), of_peers(job, folder)
    loader = DataLoader(ds.to_torch_dataset(), batch_size=None)

    rate = rates(
        {
            "samebytes, NumPy": lambda: ds.iterate(),
            "samebytes, tensors": lambda: tensors.iterate(),
            "samebytes, to_torch()": lambda: feed,
            "samebytes, DataLoader(to_torch_dataset())": lambda: loader,
            "DataLoader, whole batches by NumPy": lambda: theirs,
        },
        "tokens",
        job.sequences * job.context,
        lambda batch: job.places(batch, folder),
    )
    numpy, ours = "samebytes, NumPy", "samebytes, to_torch()"
    return [
        at_least(rate, "tokens as tensors: of the NumPy rate", "samebytes, tensors", numpy, 0.9),
        at_least(rate, "  by to_torch()", ours, numpy, 0.9),
    ]


def main() -> int:
    print(f"PyTorch {torch.__version__}, NumPy {np.__version__}, {available_cores()} cores")
    with tempfile.TemporaryDirectory() as folder:
        reached = [
            print_figures("Images", crops(Path(folder))),
            print_figures("Tokens", tokens(Path(folder))),
        ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
