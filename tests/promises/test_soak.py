"""Promise: thousands of epochs leave neither memory nor threads behind."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, re, threading, gc
import numpy as np, samebytes as sb

def anonymous():
    return int(re.search(r"RssAnon:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024

threads = threading.active_count()
images = np.zeros((40, 64, 64, 3), np.uint8)
dataset = (
    sb.Dataset.from_tensor_slices((images, np.arange(40))).shuffle(seed=0)
    .map(sb.RandomCrop(48, 48)).map(sb.Rescaling(1 / 255)).batch(16).with_options(threads=2)
)
for epoch in range(2000):
    if epoch % 3 == 0:
        for x, y in dataset:
            pass
    elif epoch % 3 == 1:
        iterator = iter(dataset)  # not finished: collected
        next(iterator)
        del iterator
    else:
        iterator = iter(dataset)
        state = iterator.state_dict()
        next(iterator), iterator.load_state_dict(state), next(iterator)
        iterator.close()
    if epoch == 200:
        gc.collect()
        before = anonymous()
gc.collect()
import time
end = time.monotonic() + 5
while threading.active_count() > threads and time.monotonic() < end:
    time.sleep(0.01)
print(json.dumps({"grown": anonymous() - before, "threads": threading.active_count() - threads}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_two_thousand_short_epochs():
    child = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    seen = json.loads(child.stdout)
    assert seen["threads"] == 0
    assert seen["grown"] < 5
