"""Nothing is said at exit, whatever JAX still holds, and however late it lets go."""

from __future__ import annotations

import pytest

from tests.frameworks.processes import assert_silent, run_strictly

SETUP = """
import sys, threading, numpy as np, samebytes as sb, jax, jax.numpy as jnp
x = np.arange(1 << 21, dtype="float32").reshape(2048, 1024)
ds = sb.Dataset.from_tensor_slices((x, np.arange(2048, dtype="int32"))).shuffle(seed=0).batch(64)
ds = ds.with_format("jax")
step = jax.jit(lambda a: jnp.sin(a) @ jnp.cos(a).T)
"""

WAYS = {
    "batches are kept": "kept = list(ds)",
    "an epoch is in its middle": "it = iter(ds); batch, _ = next(it); step(batch)",
    "a step still runs": "for batch, _ in ds: out = step(batch)",
    "the last batch was donated": """
change = jax.jit(lambda a: a * 2, donate_argnums=0)
for batch, _ in ds: out = change(batch)
""",
    "JAX's own module has one": "for batch, _ in ds: jax.held = batch",
    "a compiled function has one": """
batch, _ = next(iter(ds))
jax.held = jax.jit(lambda y: y + batch)
jax.held(1.0)
""",
    "a cycle in sys has one": """
class Cycle: pass
sys.held = Cycle(); sys.held.itself = sys.held; sys.held.batches = list(ds)
""",
    "views of NumPy are kept": "kept = [np.asarray(batch) for batch, _ in ds]",
    "the block was handed to JAX by hand": """
kept = [jax.device_put(batch) for batch, _ in ds.with_format("numpy")]
outs = [step(batch) for batch in kept]
""",
    "another thread kept them": """
kept = []
def keep():
    for batch, _ in ds: kept.append((batch, step(batch)))
thread = threading.Thread(target=keep); thread.start(); thread.join()
""",
    "to_jax is in its middle": "it = iter(ds.to_jax()); batch, _ = next(it); out = step(batch)",
    "to_jax was let go of in its middle": "next(iter(ds.to_jax()))",
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_said_when(way):
    assert_silent(run_strictly(SETUP + WAYS[way]))
