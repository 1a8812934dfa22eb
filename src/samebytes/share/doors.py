"""The doors into TensorFlow: ways to make a tensor of NumPy memory, none trusted by its name.

TensorFlow has several, and versions differ in which of them copy. The first hand-over of each
dtype walks a probe through the doors and takes the first whose tensor lies at the probe's
address; where none does, the verdict says so and the hand-over is a copy.
"""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.aligned import address_of, empty
from samebytes.share.frameworks import import_tensorflow

__all__ = ["ALIGNMENT", "DOORS", "Door", "door_for"]

ALIGNMENT = 64
"""EIGEN_MAX_ALIGN_BYTES of TensorFlow's wheels: the address must be a multiple of it.

The good doors copy what is aligned to less; DLPack accepts it, and the next op aborts the
process.
"""

Door = Callable[[Any, npt.NDArray[Any]], Any]


@functools.cache
def _eager_tensor() -> Any:
    return importlib.import_module("tensorflow.python.framework.ops").EagerTensor


def _through_eager_tensor(_: Any, array: npt.NDArray[Any]) -> Any:
    """Private, and what the door below ends in: takes read-only memory, copies the unaligned."""
    return _eager_tensor()(array, None, None)


def _through_identity(tensorflow: Any, array: npt.NDArray[Any]) -> Any:
    """Public, takes read-only memory, shares when aligned and copies when not."""
    with tensorflow.device("CPU:0"):
        return tensorflow.raw_ops.Identity(input=array)


def _through_dlpack(tensorflow: Any, array: npt.NDArray[Any]) -> Any:
    """Public, but never checks alignment (the verdict has) and refuses read-only memory."""
    return tensorflow.experimental.dlpack.from_dlpack(array.__dlpack__())


DOORS: tuple[Door, ...] = (_through_eager_tensor, _through_identity, _through_dlpack)
"""The quickest one first: 2 µs against 17, and 90 less a batch once the caches hold the batch.

Each puts the tensor on CPU:0, whatever device is asked for around it.
"""

_lock = threading.Lock()
_seen: dict[tuple[np.dtype[Any], bool], Door | None] = {}


def door_for(dtype: np.dtype[Any], *, readonly: bool) -> Door | None:
    """Return the first door that was seen to share memory of `dtype`, or None; probes once.

    Must not be called where no eager context can be reached, that is, in a legacy graph.
    """
    key = (dtype, readonly)
    try:
        return _seen[key]
    except KeyError:
        tensorflow = import_tensorflow()
    with _lock, tensorflow.init_scope(), tensorflow.device("CPU:0"):
        # The first eager operation of a process copies its input, whatever the door: the
        # context is not there yet.
        tensorflow.zeros(())
        if key not in _seen:
            probe = empty((ALIGNMENT,), dtype)
            probe.flags.writeable = not readonly
            _seen[key] = next((door for door in DOORS if _shares(tensorflow, door, probe)), None)
        return _seen[key]


def _shares(tensorflow: Any, door: Door, probe: npt.NDArray[Any]) -> bool:
    """Return whether `door` puts a tensor of the same dtype on the very address of `probe`."""
    try:
        tensor = door(tensorflow, probe)
        found = np.asarray(tensor)
    except (AttributeError, BufferError, ImportError, RuntimeError, TypeError, ValueError):
        return False  # a door that this version lacks, or that refuses the dtype
    except tensorflow.errors.OpError:
        return False
    return found.dtype == probe.dtype and address_of(found) == address_of(probe)
