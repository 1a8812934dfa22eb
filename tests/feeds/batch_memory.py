"""Fit, evaluate and predict in a process of its own, and print the memory that batches took.

Usage: python batch_memory.py FOLDER RUNS, a list in JSON of [feed, method, options]; prints for
each the blocks leased at most, the bytes of all pools at most, and the peak of resident bytes above
what was there before. A block is a batch of 18 MB, unless the option "side" says otherwise.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import numpy as np

import samebytes as sb
from samebytes.engine import pool_cache
from samebytes.memory.pool import Pool

COUNT, SIZE, BATCH = 24, 152, 64
BATCH_BYTES = BATCH * SIZE * SIZE * 3 * 4
LARGE = 1 << 20

pools: weakref.WeakSet[Pool] = weakref.WeakSet()
leased, pooled = [0], [0]


class Watched(Pool):
    """A pool that tells the most of all of them."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        pools.add(self)

    def take(self) -> Any:
        found = super().take()
        stats = [pool.stats() for pool in list(pools) if pool.nbytes > LARGE]
        leased[0] = max(leased[0], sum(one.blocks - one.free for one in stats))
        pooled[0] = max(pooled[0], sum(one.nbytes for one in stats))
        return found


def resident() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise LookupError("VmRSS")


class Slow(keras.callbacks.Callback):  # type: ignore[misc]
    """Trains at a pace that lets who reads ahead run far ahead."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        time.sleep(0.01)

    on_test_batch_end = on_predict_batch_end = on_train_batch_end


def held(folder: str, feed: str, method: str, options: dict[str, Any]) -> dict[str, int]:
    side = options.pop("side", SIZE)
    images = np.zeros((256, side, side, 3), np.uint8)
    dataset = (
        sb.Dataset.from_tensor_slices((images, np.zeros((256, 1), np.float32)))
        .shuffle(seed=0)
        .map(sb.Rescaling(1 / 255))
        .repeat(None if options.pop("endless", False) else COUNT * BATCH // 256)
        .batch(BATCH)
    )
    together = options.pop("steps_per_execution", 1)
    to = {key: options.pop(key) for key in ("workers", "max_queue_size") if key in options}
    layers = [keras.Input((side, side, 3)), keras.layers.GlobalAveragePooling2D()]
    model = keras.Sequential([*layers, keras.layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=together)
    model.predict(np.zeros((2, side, side, 3), np.float32), verbose=0)
    callbacks = [Slow()]
    if options.pop("position", None):
        position = sb.SavePosition(Path(folder) / "position.json", dataset)
        dataset, callbacks = position.dataset, [position, *callbacks]
    if options.pop("validated", None):
        options["validation_data"] = getattr(dataset, feed)(**to)
    gc.collect()
    pools.clear()  # TensorFlow keeps what from_generator was given, and so earlier runs' pools
    leased[0] = pooled[0] = 0
    before, top, over = resident(), [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.002):
            top[0] = max(top[0], resident())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    getattr(model, method)(getattr(dataset, feed)(**to), verbose=0, callbacks=callbacks, **options)
    over.set()
    watcher.join()
    return {"leased": leased[0], "pooled": pooled[0], "resident": top[0] - before}


if __name__ == "__main__":
    with mock.patch.object(pool_cache, "Pool", Watched):
        found = [held(sys.argv[1], *one) for one in json.loads(sys.argv[2])]
    sys.stdout.write(json.dumps(found) + "\n")
