"""One way, run and measured in this very process, which it may end."""

from __future__ import annotations

import gc
import resource
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import samebytes as sb
from samebytes.compare.images import CROP, IMAGE_BYTES
from samebytes.compare.way import FirstRow, Way
from samebytes.measure.cost import measure_twice
from samebytes.measure.tensorflow_startup import hide_accelerators, import_quietly

__all__ = ["Trial", "measure_way"]

# What Python, NumPy and TensorFlow refuse with; TensorFlow's own errors come on top.
_REFUSALS = (
    BufferError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)
_VALUES_CHECKED = 256


@dataclass(frozen=True)
class Trial:
    """What came of a way.

    Attributes
    ----------
    nbytes : int
        Bytes that the way was to hand over.
    expected_shape : tuple of int
        Shape that they have in NumPy.
    shape : tuple of int or None
        Shape of what came of it; None when it refused.
    shared : bool or None
        Whether that lies on the same bytes.
    values_equal : bool or None
        Whether the values looked at are the same.
    first_milliseconds, again_milliseconds : float or None
        Times of the first call and of the next, after warming up on two images.
    extra_bytes : int or None
        Resident memory at the peak of the first call, beyond that before it.
    error : str or None
        What it refused with.
    """

    nbytes: int
    expected_shape: tuple[int, ...]
    shape: tuple[int, ...] | None = None
    shared: bool | None = None
    values_equal: bool | None = None
    first_milliseconds: float | None = None
    again_milliseconds: float | None = None
    extra_bytes: int | None = None
    error: str | None = None


def measure_way(way: Way, nbytes: int) -> Trial:
    """Run `way` on images of about `nbytes` in this process, and return what came of it.

    What a way refuses is a result; what it does not expect to fail, fails.
    """
    # A way that aborts shall not leave a core as large as the data behind.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hide_accelerators()
    tensorflow = import_quietly()
    given = way.given.make(max(2, nbytes // IMAGE_BYTES))
    source = sb.as_array(given)
    handed = source[CROP] if way.crop else source
    expected = handed[0] if way.row else handed
    few = way.given.make(2)
    gc.collect()
    try:
        # Twice: the first call sets things up, the second is the first that runs them warm.
        way.run(tensorflow, few)
        way.run(tensorflow, few)
        measured = measure_twice(lambda: way.run(tensorflow, given))
    except (*_REFUSALS, tensorflow.errors.OpError) as refusal:
        first_line = str(refusal).partition("\n")[0]
        error = f"{type(refusal).__name__}: {first_line}"
        return Trial(handed.nbytes, expected.shape, error=error)
    outcome = measured.result
    array = sb.as_array(outcome.row if isinstance(outcome, FirstRow) else outcome)
    return Trial(
        nbytes=handed.nbytes,
        expected_shape=expected.shape,
        shape=array.shape,
        shared=sb.shares_memory(array, expected),
        values_equal=_equal_somewhere(array, expected),
        first_milliseconds=measured.first_milliseconds,
        again_milliseconds=measured.again_milliseconds,
        extra_bytes=measured.extra_bytes,
    )


def _equal_somewhere(array: npt.NDArray[Any], expected: npt.NDArray[Any]) -> bool:
    """Compare values spread over the whole arrays, in their order, whatever the shapes."""
    if array.size != expected.size or array.dtype != expected.dtype:
        return False
    flat = np.linspace(0, expected.size - 1, _VALUES_CHECKED, dtype=np.int64)
    places = np.unravel_index(flat, expected.shape)
    array_places = np.unravel_index(flat, array.shape)
    return bool(np.array_equal(array[array_places], expected[places]))
