"""Any index of an array behind a URL is what NumPy gives, with and without a cache."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import samebytes as sb

DTYPES = ["u1", "<i2", ">i4", "<f8", "S3", [("a", "<i2"), ("b", "u1")], "bool"]
_number = itertools.count()


@pytest.fixture(params=[False, True], ids=["", "cached"])
def cache(request, tmp_path):
    return tmp_path / "cache" if request.param else None


@st.composite
def arrays(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=90))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    count = int(np.prod(shape))
    random = np.random.default_rng(draw(st.integers(0, 9)))
    made = random.integers(0, 2, (count, dtype.itemsize), np.uint8)
    made = np.frombuffer(made.tobytes(), dtype).reshape(shape)
    return np.asfortranarray(made) if draw(st.booleans()) else made


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), array=arrays())
def test_any_index(nginx, served, cache, data, array):
    name = f"any-{next(_number)}.npy"
    np.save(served / name, array)
    remote = sb.open(f"{nginx}/{name}", cache=cache)
    for _ in range(3):
        index = data.draw(hnp.basic_indices(array.shape, allow_newaxis=False))
        np.testing.assert_array_equal(remote[index], array[index])
    last = len(array) - 1
    if last >= 0:
        rows = np.array(data.draw(st.lists(st.integers(-last - 1, last), max_size=4)), int)
        np.testing.assert_array_equal(remote[rows], array[rows])
        np.testing.assert_array_equal(remote[rows[:, np.newaxis]], array[rows[:, np.newaxis]])
    for outside in (len(array), -len(array) - 1):
        with pytest.raises(IndexError, match=f"index {outside} is out of bounds for .*{name}"):
            remote[np.array([outside])]
    np.testing.assert_array_equal(np.asarray(remote), array)
    (served / name).unlink()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.binary(min_size=1, max_size=20_000),
    offset=st.integers(0, 9000),
    order=st.sampled_from("CF"),
)
def test_raw_values_of_any_offset(nginx, served, cache, content, offset, order):
    name = f"raw-{next(_number)}.bin"
    (served / name).write_bytes(content)
    shape = (3, max(len(content) - offset, 0) // 3)
    if not shape[1]:
        return
    remote = sb.open(f"{nginx}/{name}", "u1", shape, offset=offset, order=order, cache=cache)
    values = np.ndarray(shape, "u1", content, offset, order=order)
    np.testing.assert_array_equal(remote[1:, ::2], values[1:, ::2])
    np.testing.assert_array_equal(remote, values)
