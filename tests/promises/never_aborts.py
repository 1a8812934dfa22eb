"""Arrays of every kind through `as_tensor` and through real operations, in a process of its own.

Run as ``python -m tests.promises.never_aborts CASES SEED``; prints what it saw as JSON. A
misaligned alias ends the process, so whoever counts the cases stands outside of it.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import samebytes as sb

PLAIN = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
NARROW = ["bfloat16", "float8_e5m2", "float8_e4m3fn", "int4", "uint4"]
WITHOUT_TENSOR = ["M8[s]", "m8[ms]", "S3", "U2", "V5", "g", "i4,f4"]


@st.composite
def arrays(draw: st.DrawFn) -> npt.NDArray[Any]:
    """Draw an array: dtype, order of bytes, offset, shape, strides of any sign, rights."""
    name = draw(st.sampled_from([*PLAIN * 3, *NARROW, *WITHOUT_TENSOR]))
    dtype = np.dtype(getattr(ml_dtypes, name, name))
    if draw(st.booleans()) and name in PLAIN:
        dtype = dtype.newbyteorder(draw(st.sampled_from("<>")))
    shape = draw(st.lists(st.integers(0, 5), max_size=4))
    if draw(st.booleans()) and shape:
        shape[-1] = draw(st.sampled_from([1, 3, 8, 16, 64]))
    # The aligned offsets come up in half of the cases, or hardly anything would be shared.
    past = draw(st.one_of(st.just(0), st.integers(0, 63)))
    nbytes = int(np.prod(shape, dtype=int)) * dtype.itemsize
    room = np.frombuffer(sb.empty(nbytes + 128, "uint8"), np.uint8)
    block = np.ndarray(nbytes, np.uint8, buffer=room, offset=past)
    array: npt.NDArray[Any] = block.view(dtype).reshape(shape)
    if name not in WITHOUT_TENSOR:
        # Small whole numbers: every dtype holds them, and no operation flushes them to zero.
        numbers = np.random.default_rng(draw(st.integers(0, 99)))
        array[...] = numbers.integers(0, 2 if name in NARROW else 50, shape).astype(dtype)
    if draw(st.booleans()):
        steps = st.sampled_from([1, 1, 2, 3, -1, -2])
        index: tuple[Any, ...] = (..., *(slice(None, None, draw(steps)) for _ in shape))
        array = array[index]
    if draw(st.integers(0, 3)) == 0:
        array = array.transpose(draw(st.permutations(range(array.ndim))))
    if draw(st.integers(0, 5)) == 0:
        array = np.broadcast_to(array, (draw(st.integers(1, 3)), *array.shape))
    elif draw(st.booleans()):
        array.flags.writeable = False
    return array


def address(array: npt.NDArray[Any]) -> int:
    found: int = array.ctypes.data
    return found


def use(tensor: Any, expected: npt.NDArray[Any]) -> None:
    """Put the tensor through operations that vectorise, and compare with NumPy."""
    flat = tf.reshape(tensor, [-1])
    if tensor.dtype.name in PLAIN:
        twice = tf.concat([flat, flat], 0)
        np.testing.assert_array_equal(np.asarray(twice), np.tile(expected, 2))
        if expected.size:
            picks = [0, expected.size - 1, expected.size // 2]
            np.testing.assert_array_equal(np.asarray(tf.gather(flat, picks)), expected[picks])
    if tensor.dtype == tf.float32:
        np.testing.assert_array_equal(np.asarray(tf.add(flat, flat)), expected + expected)
    row, column = tf.reshape(flat, [1, -1]), tf.reshape(flat, [-1, 1])
    operations: tuple[Callable[[], Any], ...] = (
        lambda: tf.concat([flat, flat], 0),
        lambda: tf.add(flat, flat),
        lambda: tf.cast(flat, tf.complex128 if flat.dtype.is_complex else tf.float32),
        lambda: tf.matmul(row, column),
        lambda: tf.reduce_sum(flat),
        lambda: tf.transpose(tensor),
        lambda: tf.stack([tensor, tensor]),
        lambda: tf.nn.conv1d(row[..., None], tf.ones([1, 1, 1], flat.dtype), 1, "SAME"),
    )
    for operation in operations:
        # Where TensorFlow has no such kernel for the dtype or the shape, it is not our matter.
        with contextlib.suppress(tf.errors.OpError, TypeError, ValueError):
            operation()


def check(array: npt.NDArray[Any], seen: Counter[str]) -> None:
    seen["cases"] += 1
    verdict = sb.explain(array)
    if not verdict.possible:
        seen["refused"] += 1
        with pytest.raises(sb.Unconvertible):
            sb.as_tensor(array)
        return
    tensor = sb.as_tensor(array)
    seen["shared" if verdict.shared else "copied"] += 1
    if tensor.dtype == tf.string:
        # Encoded, so there is no way back to NumPy's items on the same bytes.
        with pytest.raises(sb.NotABuffer):
            sb.as_array(tensor, copy=False)
        encoded = np.char.encode(array, "utf-8") if array.dtype.kind == "U" else array
        np.testing.assert_array_equal(tensor.numpy(), encoded.astype(object))
        return
    found = sb.as_array(tensor, copy=False)
    if array.size:
        assert verdict.shared == (address(found) == address(array)), verdict
    native = array.astype(array.dtype.newbyteorder("="))
    np.testing.assert_array_equal(found, native)
    assert found.dtype == native.dtype
    assert found.shape == native.shape
    use(tensor, np.ravel(native))
    through_protocol = tf.convert_to_tensor(array.view(sb.Array))
    np.testing.assert_array_equal(sb.as_array(through_protocol), native)
    if not verdict.shared:
        with pytest.raises(sb.CopyNeeded) as refusal:
            sb.as_tensor(array, copy=False)
        assert refusal.value.verdict == verdict


def main(cases: int, start: int) -> None:
    seen: Counter[str] = Counter()
    np.seterr(all="ignore")

    @seed(start)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(arrays())
    def run(array: npt.NDArray[Any]) -> None:
        check(array, seen)

    run()
    print(json.dumps(seen))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
