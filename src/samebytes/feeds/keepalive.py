"""A tensor that keeps a Python object alive for as long as TensorFlow holds it, wherever it does.

A ``tf.data.Dataset`` outlives its Python object: in the graph of a function that it was made in, in
a dataset of datasets, in an iterator. What runs behind it must live as long, and no longer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from samebytes.memory.aligned import empty
from samebytes.share.doors import door_for
from samebytes.share.frameworks import import_tensorflow

__all__ = ["keepalive_tensor"]


class _Owner:
    """Memory as NumPy sees it, which lives as long as any alias and holds something until then."""

    __slots__ = ("__array_interface__", "_held", "_memory")

    def __init__(self, held: object) -> None:
        self._held = held
        self._memory = empty((), np.int64)
        self.__array_interface__: dict[str, Any] = self._memory.__array_interface__


def keepalive_tensor(held: object) -> Any:
    """Return a tensor, an int64 of 0, whose memory keeps `held` alive; never copies.

    Where no door into this TensorFlow shares memory, or what is made now is a graph, it holds
    nothing.
    """
    tensorflow = import_tensorflow()
    array = np.asarray(_Owner(held))
    door = door_for(array.dtype, readonly=False)
    if door is None or not tensorflow.executing_eagerly():
        return tensorflow.constant(0, tensorflow.int64)
    with tensorflow.device("CPU:0"):
        return door(tensorflow, array)
