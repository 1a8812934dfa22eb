"""Two workers of Ray's train one model on a mapped file, whose batches tasks on any node make.

Run it with ``python examples/frameworks/ray_two_workers.py``, where ``samebytes[ray,torch]`` is
installed. On this machine it starts a small cluster of its own; with ``ray.init(address="auto")``
it would take yours, whose nodes must all see the file under the same path.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import ray
import ray.train
import torch
from ray.train.torch import TorchTrainer

import samebytes as sb

SAMPLES, SIDE = 256, 32


def make_file(folder: str) -> str:
    """Write pictures whose brightness is what a model can learn."""
    path = str(Path(folder) / "pictures.npy")
    light = np.linspace(0, 200, SAMPLES).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 50, (SAMPLES, SIDE, SIDE, 3), np.uint8)
    np.save(path, noise + light[:, None, None, None])
    return path


def describe(path: str) -> sb.Dataset:
    """Return the dataset, which holds nothing but the file's path and what to do."""
    targets = np.linspace(0, 1, SAMPLES, dtype=np.float32)[:, None]
    return (
        sb.Dataset.from_tensor_slices({"x": sb.open(path), "y": targets})
        .shuffle(seed=0)
        .map(sb.RandomCrop(24, 24), on="x", seed=1)
        .map(sb.Rescaling(1 / 255), on="x")
        .batch(32)
    )


def train(settings: dict[str, Any]) -> None:
    """Train in one of the workers, on the batches that fall to it."""
    torch.manual_seed(0)
    model = ray.train.torch.prepare_model(torch.nn.Linear(3, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    shard = ray.train.get_dataset_shard("train")
    for _ in range(settings["epochs"]):
        seen, total = 0, 0.0
        for batch in shard.iter_torch_batches(batch_size=None):
            loss = ((model(batch["x"].mean((1, 2))) - batch["y"]) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen, total = seen + len(batch["y"]), total + float(loss) * len(batch["y"])
    rank = ray.train.get_context().get_world_rank()
    told = f"worker {rank}: {seen} samples an epoch, loss {total / max(seen, 1):.3f}"
    Path(settings["folder"], f"worker-{rank}.txt").write_text(told)


def main() -> None:
    """Train, and print what came of it."""
    # Two workers, and two read tasks that feed them.
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="error")
    with tempfile.TemporaryDirectory() as folder:
        trainer = TorchTrainer(
            train,
            train_loop_config={"epochs": 8, "folder": folder},
            scaling_config=ray.train.ScalingConfig(num_workers=2),
            datasets={"train": describe(make_file(folder)).to_ray(override_num_blocks=2)},
            run_config=ray.train.RunConfig(storage_path=folder),
        )
        trainer.fit()
        for told in sorted(Path(folder).glob("worker-*.txt")):
            print(told.read_text())
    ray.shutdown()


if __name__ == "__main__":
    main()
