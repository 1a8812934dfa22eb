"""Views in any shape and strides, of every dtype, those of other packages included."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import samebytes as sb
from samebytes.memory.strided import as_strided

NAMES = [
    name
    for name in dir(ml_dtypes)
    if isinstance(getattr(ml_dtypes, name), type)
    and issubclass(getattr(ml_dtypes, name), np.generic)
]


@pytest.mark.parametrize("name", ["float32", "S3", "i4,f8", *NAMES])
def test_keeps_dtype_address_and_rights(name):
    array = np.zeros((6, 2), np.dtype(getattr(ml_dtypes, name, name)))[::2]
    found = as_strided(array, (2, 3), array.strides)
    assert (found.dtype, found.shape, found.strides) == (array.dtype, (2, 3), array.strides)
    assert found.ctypes.data == array.ctypes.data
    assert found.flags.writeable
    assert not as_strided(array, (2, 3), array.strides, writeable=False).flags.writeable


@pytest.mark.parametrize("name", NAMES)
def test_datasets_take_every_dtype(name):
    dtype = np.dtype(getattr(ml_dtypes, name))
    bits = np.random.default_rng(0).integers(0, 256, (20, 6 * dtype.itemsize), np.uint8)
    found = list(sb.Dataset.from_tensor_slices(bits.view(dtype)).batch(8))
    assert {batch.dtype for batch in found} == {dtype}
    np.testing.assert_array_equal(np.concatenate([b.view(np.uint8) for b in found]), bits)
