"""PyTorch's processes: their losses are those of one, and a killed run is continued by others."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import torch

from tests.ranks import EXAMPLES, finish, furthest, losses_in, start, wait_until_printed

EXAMPLE = EXAMPLES / "train_ddp.py"
NEAR = 1e-5


def torchrun(count):
    return ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}", EXAMPLE]


def run(command, folder, name):
    assert finish([start(command, folder, name)]) == [0], (folder / f"{name}.txt").read_text()
    return (folder / f"{name}.txt").read_text()


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Return what one process prints, which nobody interrupts."""
    return run(["-W", "error", EXAMPLE], tmp_path_factory.mktemp("alone"), "alone")


def new_folder(folder, name):
    """Return a new folder in another: one without a checkpoint."""
    (folder / name).mkdir()
    return folder / name


def rank_of(process, rank):
    """Return the process that a launcher started as this rank."""
    for children in Path(f"/proc/{process.pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            told = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
            if f"RANK={rank}".encode() in told:
                return child
    message = f"no process of rank {rank}"
    raise AssertionError(message)


def test_two_have_the_losses_of_one(alone, tmp_path):
    printed = run(torchrun(2), tmp_path, "two")
    assert "process   0 of 2 (torch.distributed); samples 0 to 31 of each 64; 2 of them" in printed
    assert "process   0 of 1 (nothing tells of others)" in alone
    assert len(losses_in(alone)) == 45
    assert furthest(losses_in(printed), losses_in(alone)) < NEAR


def test_one_is_killed_and_another_number_continues(tmp_path):
    # So many epochs that nobody reaches the end before the kill.
    killed = start([*torchrun(2), 1000], tmp_path, "killed")
    wait_until_printed(tmp_path / "killed.txt", "epoch 1 batch 8", killed)
    os.kill(rank_of(killed, 1), signal.SIGKILL)
    assert finish([killed]) != [0]
    before = losses_in((tmp_path / "killed.txt").read_text())
    saved = torch.load(tmp_path / "checkpoint.pt")["data"]
    epochs, done = saved["epoch"] + 2, saved["position"] // 64
    after = losses_in(run([*torchrun(4), epochs], tmp_path, "continued"))
    assert len(after) == 2 * 15 - done
    expected = losses_in(run([EXAMPLE, epochs], new_folder(tmp_path, "alone"), "alone"))
    both = {name: loss for name, loss in before.items() if name in expected} | after
    assert furthest(both, expected) < NEAR
