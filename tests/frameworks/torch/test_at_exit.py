"""Nothing is said at exit, whatever PyTorch still holds."""

from __future__ import annotations

import pytest

from tests.frameworks.processes import assert_silent, run_strictly

SETUP = """
import sys, threading, numpy as np, samebytes as sb, torch
x = np.arange(1 << 21, dtype="float32").reshape(2048, 1024)
ds = sb.Dataset.from_tensor_slices((x, np.arange(2048))).shuffle(seed=0).batch(64)
"""

WAYS = {
    "batches are kept": "kept = list(ds.with_format('torch'))",
    "an epoch is in its middle": "it = iter(ds.to_torch()); batch, _ = next(it)",
    "it was let go of in its middle": "next(iter(ds.to_torch()))",
    "it was asked for and never begun": "it = iter(ds.to_torch())",
    "torch's own module has one": "for batch, _ in ds.to_torch(): torch.held = batch",
    "a cycle in sys has one": """
class Cycle: pass
sys.held = Cycle(); sys.held.itself = sys.held; sys.held.batches = list(ds.to_torch())
""",
    "an array of a tensor is kept": "kept = [sb.as_array(batch) for batch, _ in ds.to_torch()]",
    "a graph needs it": """
weight = torch.ones(1024, requires_grad=True)
losses = [(batch * weight).sum() for batch, _ in ds.to_torch()]
""",
    "another thread kept them": """
kept = []
def keep():
    for batch, _ in ds.to_torch(): kept.append(batch)
thread = threading.Thread(target=keep); thread.start(); thread.join()
""",
    "another thread drops them": """
import time
box = list(ds.to_torch())
def drop(): time.sleep(0.05); box.clear()
threading.Thread(target=drop).start()
""",
    "a loader is in its middle": """
loader = torch.utils.data.DataLoader(ds.to_torch_dataset(), batch_size=None)
it = iter(loader); batch, _ = next(it)
""",
    "workers are in its middle": """
loader = torch.utils.data.DataLoader(ds.to_torch_dataset(), batch_size=None, num_workers=2)
it = iter(loader); batch, _ = next(it)
""",
    "workers stay": """
loader = torch.utils.data.DataLoader(
    ds.to_torch_dataset(), batch_size=None, num_workers=1, persistent_workers=True)
for batch, _ in loader: pass
""",
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_said_when(way, tmp_path):
    assert_silent(run_strictly(SETUP + WAYS[way], TMPDIR=str(tmp_path)))
    assert not list(tmp_path.glob("samebytes-epochs-*"))
