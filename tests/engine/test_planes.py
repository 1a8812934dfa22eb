import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_jobs import fill_all

from samebytes.engine import planes
from samebytes.engine.kernels import job as kernels

KINDS = ["f4", "c16", "S5", "U3", "V7", "M8[s]", [("a", "u1"), ("b", "f8", (2,))], ">c16"]


@given(st.lists(st.integers(1, 4), max_size=5), st.sampled_from(KINDS), st.integers(0, 2**32))
def test_rows_of_any_rank_and_item_are_copied(shape, kind, seed):
    rng = np.random.default_rng(seed)
    dtype = np.dtype(kind)
    array = rng.integers(0, 256, (5, *shape, dtype.itemsize), np.uint8).view(dtype)[..., 0]
    array = array.transpose(0, *(1 + rng.permutation(len(shape))))
    array = array[tuple(slice(None, None, int(s)) for s in rng.choice([1, -1, 2], array.ndim))]
    source, offsets = planes.planes_of(planes.words(array))
    assert np.shares_memory(source, array)
    indices = rng.integers(0, len(array), 7)
    places = (indices[:, np.newaxis] * source.strides[0] + offsets).reshape(-1)
    geometry = np.tile([0, 1, 0, 1], (len(places), 1))
    out = np.zeros((7, *array.shape[1:]), dtype)
    target = planes.words(out).reshape(len(places), *source.shape[1:])
    fill_all(kernels.prepare(source, indices, geometry, target, places=places))
    assert out.tobytes() == array[indices].tobytes()


@pytest.mark.parametrize("dtype", ["f4", "c16", "S5", "V7", [("a", "u1"), ("b", "f8", (2,))], []])
def test_dense_rows_are_one_line(dtype):
    array = np.zeros((6, 3, 4, 5), np.dtype(dtype))
    shape = planes.planes_of(planes.words(array))[0].shape
    assert shape[:2] == (6, 1)
    assert shape[3] == 1 or array.itemsize == 0


@pytest.mark.parametrize("dtype", ["O", [("a", "u1"), ("b", "O")]])
def test_python_objects_are_refused(dtype):
    with pytest.raises(TypeError, match="refer to Python objects"):
        planes.words(np.zeros(3, dtype))
