import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernel_jobs import named, random_geometry, random_items, random_tables, restrided
from kernel_reference import BFLOAT, channel_means

from samebytes.engine.kernels import means

KINDS = [("u1", None, False), ("u1", "f4", False), ("u1", "f4", True), ("i8", None, False)]
KINDS += [("f4", "f8", True), ("f8", None, False), (">i2", "f4", False), ("f2", None, False)]
KINDS += [(BFLOAT, "f4", True), ("?", None, False)]


def moderate(rng, shape, dtype):
    if np.dtype(dtype).kind in "iub":
        return random_items(rng, shape, dtype)
    return (rng.normal(size=shape) * 100).astype(dtype)


@pytest.mark.parametrize(("dtype", "table_dtype", "clip"), KINDS, ids=str)
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32),
    channels=st.sampled_from([1, 2, 3, 4, 7, 16, 17, 300]),
    fancy=st.booleans(),
)
def test_means_equal_the_reference(dtype, table_dtype, clip, seed, channels, fancy):
    rng = np.random.default_rng(seed)
    h, w = int(rng.integers(1, 5)), int(rng.choice([1, 3, 17, 100]))
    height, width = h + int(rng.integers(0, 4)), w + int(rng.integers(0, 9))
    source = moderate(rng, (3, height, width, channels), dtype)
    if fancy:
        source = restrided(rng, source)
    indices, geometry = rng.integers(0, 3, 4), random_geometry(rng, 4, height, width, h, w)
    centered = clip and dtype == "u1"
    tables = random_tables(rng, (4, channels), table_dtype, clip=clip, centered=centered)
    batch = source, indices, geometry, h, w
    found = means.channel_means(*batch, **named(tables))
    expected, size = channel_means(*batch, tables)
    assert found.dtype == np.float64
    assert (np.abs(found - expected) <= 1e-13 * size).all()
    # Bit for bit: alone or in company, flipped or not.
    for j in range(4):
        alone = [None if t is None else t[j : j + 1] for t in tables]
        one = means.channel_means(source, indices[j : j + 1], geometry[j : j + 1], h, w, *alone)
        np.testing.assert_array_equal(one[0], found[j])
    flipped = geometry + [h - 1, 0, w - 1, 0] * geometry[:, [1, 1, 3, 3]]
    flipped *= [1, -1, 1, -1]
    again = means.channel_means(source, indices, flipped, h, w, *tables)
    np.testing.assert_array_equal(again, found)


def test_layout_in_memory_does_not_change_a_bit():
    rng = np.random.default_rng(0)
    source = (rng.normal(size=(3, 40, 50, 3)) * 100).astype("f4")
    batch = np.arange(3), np.tile([1, 1, 2, 1], (3, 1)), 33, 47
    found = means.channel_means(source, *batch)
    for other in (np.asfortranarray(source), source.astype(">f4"), source.astype("f8")):
        np.testing.assert_array_equal(means.channel_means(other, *batch), found)


def test_means_of_integers_are_exact():
    source = np.full((1, 300, 300, 3), 255, np.uint8)
    source[..., 1] = 0
    found = means.channel_means(source, [0], np.array([[0, 1, 0, 1]]), 300, 300)
    assert found.tolist() == [[255.0, 0.0, 255.0]]


def test_not_a_number_makes_its_channel_one():
    source = np.ones((1, 2, 2, 2), np.float32)
    source[0, 1, 1, 0] = np.nan
    found = means.channel_means(source, [0], np.array([[0, 1, 0, 1]]), 2, 2)
    np.testing.assert_array_equal(found, [[np.nan, 1.0]])
