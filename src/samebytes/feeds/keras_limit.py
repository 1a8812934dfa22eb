"""How many batches Keras may hold, on each of its backends, and how it is brought to let go.

On TensorFlow, Keras asks in a thread that reads ahead of training without a limit that we could
set. On JAX, steps that are not done yet hold their batches, and JAX lets go at a later call. On
PyTorch, Keras leaves batches in circles of references (``torch.utils._pytree`` makes them), which
live until Python looks for such. What Keras holds counts as made ahead.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.engine.pipeline import Pipeline
from samebytes.feeds.backpressure import Backpressure
from samebytes.plan.prefetch import batches_per_block
from samebytes.plan.tree import flatten
from samebytes.share.frameworks import import_jax, import_tensorflow
from samebytes.share.jax import read_only

__all__ = ["Limit", "limit_of"]

READ_AHEAD_BYTES = 16 << 20
"""What Keras may hold, the batch in training included; of larger batches it is two."""

YOUNG = 1
"""Generations that Python looks through first; what has just been left is among them."""


@dataclass(frozen=True)
class Limit:
    """How Keras is held back.

    Attributes
    ----------
    pressure : Backpressure
        Which lets it wait.
    ahead : int
        Batches that are to be made ahead beside what Keras holds.
    in_trainer : bool
        Whether it is the thread that trains that asks.
    views : bool
        Whether what holds a batch is a view of each of its arrays, which is made here.
    """

    pressure: Backpressure
    ahead: int
    in_trainer: bool
    views: bool = False

    def track(self, batch: Any) -> Any:
        """Return a batch to hand on, counted as held until it dies."""
        if self.views:
            leaves, structure = flatten(batch)
            batch = structure.rebuild(
                [read_only(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]
            )
        self.pressure.track(_bulk(batch))
        return batch


def limit_of(pipeline: Pipeline, backend: str) -> Limit | None:
    """Return how Keras is held back on a backend; None where it holds what it trains on."""
    plan, ahead = pipeline.plan, pipeline.options.prefetch
    nbytes = (plan.batch_size or 1) * sum(one.sample_bytes for one in plan.components)
    most = max(READ_AHEAD_BYTES // max(nbytes, 1), 2)
    if backend == "torch":
        pressure = Backpressure(most, lambda: _collect(pressure), patience=0)
        return Limit(pressure, ahead, in_trainer=True)
    if backend == "jax":
        return Limit(Backpressure(most, _jax_settle()), ahead, in_trainer=True, views=True)
    if backend != "tensorflow":
        return None
    if most == 2:
        # One of those made ahead lies with Keras while another is trained on: if several were made
        # together, none beside these.
        ahead = 0 if batches_per_block(plan, 1) > 1 else max(ahead - 1, min(ahead, 1))
    return Limit(Backpressure(most, _tensorflow_settle()), ahead, in_trainer=False)


def _collect(pressure: Backpressure) -> None:
    """Look for circles of references: first among what is young, for a hundredth of the time."""
    gc.collect(YOUNG)
    if pressure.full:
        gc.collect()


def _jax_settle() -> Callable[[], object]:
    jax = import_jax()
    # JAX lets go of what it is done with when it next takes something of NumPy's.
    return lambda: jax.device_put(0.0)


def _tensorflow_settle() -> Callable[[], object]:
    tensorflow = import_tensorflow()

    def settle() -> None:
        # TensorFlow drops arrays it is done with when it next makes a tensor in Python.
        with tensorflow.device("CPU:0"):
            tensorflow.constant(0.0)

    return settle


def _bulk(batch: Any) -> npt.NDArray[Any]:
    """Return the largest array of a batch, or what it is a view of, whose death is the batch's."""
    leaves = flatten(batch)[0]
    found: Any = max(leaves, key=lambda leaf: getattr(leaf, "nbytes", 0))
    array = np.asarray(found)
    while array is not found and isinstance(array.base, np.ndarray):
        found = array = array.base  # of a subclass TensorFlow holds another view
    return array
