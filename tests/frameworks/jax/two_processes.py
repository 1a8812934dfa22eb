"""One of several processes of JAX that train on a dataset together, each on its own part.

Usage: python two_processes.py INDEX COUNT PORT; prints the sums of the global batches.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import jax
import numpy as np

import samebytes as sb

SIZE = 8


def main(index: int, count: int, port: int) -> list[float]:
    jax.distributed.initialize(f"localhost:{port}", count, index)
    mesh = jax.sharding.Mesh(np.array(jax.devices()), "data")
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    values = np.arange(100 * 16, dtype=np.float32).reshape(100, 16)
    ds = sb.Dataset.from_tensor_slices({"x": values, "y": np.arange(100, dtype=np.int32)})
    ds = ds.shard(count, index).batch(SIZE // count, drop_remainder=True)
    total: Any = jax.jit(lambda batch: batch["x"].sum() + batch["y"].sum())
    found = []
    for batch in ds.to_jax(sharding):
        assert batch["x"].shape == (SIZE, 16), batch["x"].shape
        (own,) = batch["x"].addressable_shards
        assert own.data.shape == (SIZE // count, 16)
        found.append(float(total(batch)))
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*map(int, sys.argv[1:]))) + "\n")
