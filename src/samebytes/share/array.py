"""`Array`, the ndarray that TensorFlow reads in place, and `as_array`, which makes one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.aligned import Shape, as_shape, empty, lengths_of
from samebytes.memory.files.origin import mapping_of
from samebytes.memory.gather import gather
from samebytes.share.autograph import plain_python
from samebytes.share.buffer import type_name, view
from samebytes.share.dtypes import as_dtype
from samebytes.share.guard import record
from samebytes.share.layout import device_layout, layout_of_view
from samebytes.share.tensorflow import convert
from samebytes.share.tensors import device_values
from samebytes.share.verdict import NUMPY, judge

__all__ = ["Array", "as_array"]

_NUMPY_1 = np.lib.NumpyVersion(np.__version__) < "2.0.0"


class Array(np.ndarray[Any, np.dtype[Any]]):
    """An ndarray that TensorFlow and Keras read in place; a conversion copies only if it must.

    Everything `empty`, `zeros`, `aligned`, `open` and `as_array` return is one. It has
    TensorFlow's tensor protocol, so ``tf.convert_to_tensor(x)``, ``model.fit(x, y)``,
    ``tf.data.Dataset.from_tensor_slices(x)`` or a ``tf.function`` called with it work on the
    same bytes. A view that TensorFlow cannot share (a crop, a transpose) is gathered once.

    Views of it are `Array` too; the results of arithmetic are plain ndarrays.

    Indexing it with a list, an array of rows or a mask copies, as for every ndarray. The copy is an
    `Array` in NumPy's own memory, which is aligned only by chance, so TensorFlow may copy once
    more. ``np.take`` into an array made by `empty` copies once, and the result is shared.

    Two copies remain that no array can prevent:

    - ``tf.constant(x)`` copies whatever it is given. Write ``tf.convert_to_tensor(x)``.
    - ``tf.data`` copies every tensor that a dataset holds, once, when its first iterator is
      made, unless its graph rewriting is off::

          options = tf.data.Options()
          options.experimental_optimization.apply_default_optimizations = False
          dataset = tf.data.Dataset.from_tensor_slices(x).with_options(options)

      (``fit``, ``predict`` and ``evaluate`` of Keras turn it off themselves.)

    Examples
    --------
    >>> import samebytes as sb
    >>> x = sb.zeros((4, 64), "float32")
    >>> type(x[:2]).__name__, type(x + 1).__name__
    ('Array', 'ndarray')
    >>> chosen = x[[3, 0]]
    >>> type(chosen).__name__, sb.shares_memory(x, chosen)
    ('Array', False)
    >>> chosen = np.take(x, [3, 0], axis=0, out=sb.empty((2, 64), "float32"), mode="clip")
    >>> type(chosen).__name__, sb.explain(chosen).shared
    ('Array', True)
    >>> import tensorflow as tf
    >>> sb.shares_memory(x, tf.convert_to_tensor(x))
    True
    """

    # Below a plain ndarray's 0.0: what NumPy computes from both is a plain ndarray.
    __array_priority__ = -100.0

    def __array_wrap__(
        self,
        array: npt.NDArray[Any],
        context: Any = None,
        return_scalar: bool = False,  # noqa: FBT001, FBT002 (NumPy's signature)
    ) -> Any:
        """Return NumPy's result as it would be for a plain ndarray; `self` only as ``out=``."""
        if array is self:
            return array
        if array.shape == () and (return_scalar or _NUMPY_1):
            return array[()]
        return array.view(np.ndarray)

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        """Return the tensor on these bytes; may copy (see `explain`). TensorFlow calls this."""
        return convert(self, dtype, name)

    def flush(self) -> None:
        """Write changes to a file opened with ``mode='r+'`` to disk; otherwise do nothing."""
        mapping = mapping_of(self)
        if mapping is not None:
            mapping.flush()


@plain_python
def as_array(
    obj: object,
    dtype: Any = None,
    shape: Shape | None = None,
    *,
    offset: int = 0,
    copy: bool | None = None,
) -> Array:
    r"""Return an `Array` on the bytes of `obj`, N-D, and read-only if `obj` is; rarely copies.

    This is how to slice a memoryview in N dimensions. Without `dtype`, `shape` and `offset`, any
    strides are shared. With one of them, the bytes are reinterpreted, as by ``np.frombuffer``,
    which requires them to be packed: strided ones are gathered first.

    Parameters
    ----------
    obj : buffer
        ndarray, memoryview (N-D, any format), bytes, bytearray, ``array.array``, ctypes, mmap,
        SharedMemory, Arrow array without nulls, ``tf.Tensor``, ``tf.Variable`` and ``jax.Array``,
        and any object with ``__array_interface__``, ``__buffer__`` or, on the CPU, ``__dlpack__``,
        if its bytes are its values.
    dtype : dtype-like, optional
        Reinterpret the bytes as this dtype.
    shape : int or sequence of int, optional
        Shape of the result, in which one length may be -1. By default 1-D over all bytes from
        `offset` on, or the shape of `obj` if nothing is reinterpreted.
    offset : int
        Start this many bytes into the buffer.
    copy : bool, optional
        None shares, and copies only if it must; False shares or raises; True always copies, into
        page-aligned memory.

    Raises
    ------
    NotABuffer
        If `obj` exports no memory, or describes it in a way that cannot be true.
    CopyNeeded
        If ``copy=False`` (or a `no_copy` block) forbids a copy, and only a copy would do.
    ValueError
        If the bytes do not divide into `dtype`, or are too few for `shape`.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images = memoryview(np.zeros((2, 512, 512, 3), np.uint8))
    >>> sb.as_array(images)[:, 128:384, 128:384, :].shape
    (2, 256, 256, 3)
    >>> sb.as_array(b"\x00\x01\x00\x02", ">u2")
    Array([1, 2], dtype='>u2')
    """
    anew = dtype is not None or shape is not None or offset != 0
    target = replace(NUMPY, packed=True) if anew else NUMPY
    facts = device_layout(obj)
    if facts is not None:
        record(judge(facts, target, copy=copy), copy=copy)
        source = device_values(obj)
    else:
        source = view(obj)
        verdict = judge(layout_of_view(source, type_name(obj)), target, copy=copy)
        record(verdict, copy=copy)
        if not verdict.shared:
            gathered = empty(source.shape, source.dtype)
            gather(source, gathered)
            source = gathered
    if anew:
        kind = source.dtype if dtype is None else as_dtype(dtype)
        source = _read_anew(source, kind, shape, offset)
    return source.view(Array)


def _read_anew(
    source: npt.NDArray[Any], kind: np.dtype[Any], shape: Shape | None, offset: int
) -> npt.NDArray[Any]:
    """Return the packed bytes of `source` from `offset` on as `kind` and `shape`."""
    if kind.hasobject or kind.itemsize == 0:
        message = (
            f"dtype {kind!r} does not say how many bytes make a value; "
            "expected one that does, such as 'float32' or 'S16'"
        )
        raise ValueError(message)
    if not 0 <= offset <= source.nbytes:
        message = f"offset {offset:,} lies outside the buffer of {source.nbytes:,} bytes"
        raise ValueError(message)
    rest = source.reshape(-1).view(np.uint8)[offset:]
    lengths = _resolve_shape(shape, kind, rest.nbytes, source.nbytes)
    needed = math.prod(lengths) * kind.itemsize
    # The axes of a subarray dtype become axes of the result, as in np.frombuffer.
    return rest[:needed].view(kind.base).reshape(lengths + kind.shape)


def _resolve_shape(
    shape: Shape | None, kind: np.dtype[Any], rest: int, nbytes: int
) -> tuple[int, ...]:
    """Return `shape` with its -1, or its absence, worked out from the `rest` of the bytes."""
    if shape is None:
        shape = -1
    lengths = lengths_of(shape)
    known = math.prod(length for length in lengths if length != -1) * kind.itemsize
    if lengths.count(-1) == 1:
        if known == 0 or rest % known:
            message = (
                f"{rest:,} bytes do not divide into {kind} of shape {lengths}, {known:,} bytes "
                "each; pass offset= or a full shape="
            )
            raise ValueError(message)
        return tuple(rest // known if length == -1 else length for length in lengths)
    lengths = as_shape(lengths)
    if known > rest:
        message = (
            f"{kind} of shape {lengths} takes {known:,} bytes, but from the offset on the buffer "
            f"of {nbytes:,} bytes has only {rest:,}"
        )
        raise ValueError(message)
    return lengths
