"""Train with JAX in several processes: each makes its slice of every batch.

Start it once for each process, with the address of the first one, how many there are, and which
this is; here both are on this machine's CPU. Without these it trains alone::

    python train_jax_processes.py localhost:20001 2 0 &
    python train_jax_processes.py localhost:20001 2 1
    python train_jax_processes.py

The losses are the same.
"""

import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

import samebytes as sb

BATCH, EPOCHS, RATE = 64, 3, 0.1  # samples of all processes together

if len(sys.argv) > 1:
    address, count, index = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(address, count, index)

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
print(ds)

# A batch lies on the devices of all processes, and the weights on each of them.
mesh = jax.make_mesh((jax.device_count(),), ("batch",))
over_devices = NamedSharding(mesh, PartitionSpec("batch"))
on_each = NamedSharding(mesh, PartitionSpec())

weights = {
    "hidden": rng.normal(size=(16, 32)).astype("float32") / 4,
    "output": rng.normal(size=(32, 1)).astype("float32") / 6,
}
weights = jax.device_put(weights, on_each)


def loss_of(weights: Any, x: Any, y: Any) -> Any:
    """Return the mean squared error of a small network."""
    return jnp.mean((jnp.tanh(x @ weights["hidden"]) @ weights["output"] - y) ** 2)


@jax.jit
def train_step(weights: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Return the weights after a batch, and its loss; JAX adds up over all devices."""
    loss, gradients = jax.value_and_grad(loss_of)(weights, x, y)
    return jax.tree.map(lambda w, g: w - RATE * g, weights, gradients), loss


for epoch in range(EPOCHS):
    losses = []
    for element in ds.iterate(epoch):
        x, y = (jax.make_array_from_process_local_data(over_devices, part) for part in element)
        weights, loss = train_step(weights, x, y)
        losses.append(float(loss))
    print(f"epoch {epoch}: loss {np.mean(losses):.9f}")
