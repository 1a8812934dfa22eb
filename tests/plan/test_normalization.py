import tracemalloc

import keras
import numpy as np
import pytest
from running import BFLOAT, assert_same_bytes, chain, made, pixels

import samebytes as sb

IMAGES = pixels(5, 8, 6, 3)


@pytest.mark.parametrize(
    ("mean", "variance"),
    [((120.0, 130, 90), (4000.0, 5000, 6000)), (127.5, 5000.0), ((1.0, 2, 3), (0.0, 1, 1e-20))],
)
def test_values_are_those_of_keras(mean, variance):
    found = made(chain(IMAGES, sb.Normalization(mean, variance)))
    expected = np.asarray(keras.layers.Normalization(mean=mean, variance=variance)(IMAGES))
    assert found.dtype == expected.dtype == np.float32
    # Keras calculates in float32, subtracts first, and so do we.
    size = np.maximum(np.abs(expected), 1 / np.maximum(np.sqrt(variance), 1e-7))
    assert (np.abs(found - expected) <= 6 * 2.0**-24 * size).all()


@pytest.mark.parametrize("shape", [(40, 3), (40, 4, 5, 3), (6, 2, 2, 2, 3)])
@pytest.mark.parametrize("dtype", ["uint8", ">f4", "float16", "int64", BFLOAT, "bool"])
def test_adapting_gives_the_moments(shape, dtype):
    data = pixels(*shape, dtype=dtype)
    found = sb.Normalization.adapt(data)
    doubles = data.astype(np.float64).reshape(-1, 3)
    np.testing.assert_allclose(found.mean, doubles.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.variance, doubles.var(0), rtol=1e-9)


def test_adapting_is_as_keras_adapts_and_ends_at_mean_0_and_variance_1():
    layer = keras.layers.Normalization()
    layer.adapt(IMAGES)
    found = sb.Normalization.adapt(IMAGES)
    np.testing.assert_allclose(found.mean, np.asarray(layer.adapt_mean), rtol=1e-6)
    np.testing.assert_allclose(found.variance, np.asarray(layer.adapt_variance), rtol=1e-5)
    result = made(chain(IMAGES, found)).astype(np.float64).reshape(-1, 3)
    np.testing.assert_allclose(result.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(result.var(0), 1, rtol=1e-6)
    assert sb.Normalization.adapt(np.array([1.0, 3])) == sb.Normalization(2, 1)


def test_a_large_mean_does_not_cancel():
    data = 1e9 + np.arange(30_000, dtype=np.float64).reshape(10_000, 3) % 5
    np.testing.assert_allclose(
        sb.Normalization.adapt(data).variance, (data - 1e9).var(0), rtol=1e-9
    )


def test_adapting_to_a_mapped_file_is_in_pieces_and_without_a_float_copy(tmp_path):
    path = tmp_path / "large.npy"
    data = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(600, 256, 256, 1))
    for part in range(600):
        data[part] = part % 7
    del data
    mapped = sb.open(path)  # 39 MB; as float64 it would be 315 MB
    tracemalloc.start()
    found = sb.Normalization.adapt(mapped)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    values = np.arange(600) % 7
    np.testing.assert_allclose([*found.mean, *found.variance], [values.mean(), values.var()])
    assert peak < 30e6


def test_labels_are_untouched():
    x, y = made(chain((IMAGES, np.arange(5)), sb.Normalization(1, 2)))
    assert_same_bytes(y, np.arange(5))
    assert x.dtype == np.float32


def test_spec():
    spec = chain(IMAGES, sb.Normalization(0, 1)).batch(5).element_spec
    assert (spec.shape, spec.dtype) == ((5, 8, 6, 3), np.float32)


def test_what_is_no_moment_is_refused():
    with pytest.raises(ValueError, match=r"^Normalization: mean must be a finite number"):
        sb.Normalization(np.nan, 1)
    with pytest.raises(ValueError, match=r"^Normalization: a variance is negative"):
        sb.Normalization(0, (1, -1))
    with pytest.raises(ValueError, match=r"^Normalization has 2 values of mean for 3 channels$"):
        chain(IMAGES, sb.Normalization((1, 2), 1))
    with pytest.raises(ValueError, match=r"adapt: the shape \(0, 3\) has no values"):
        sb.Normalization.adapt(np.zeros((0, 3)))
    with pytest.raises(ValueError, match=r"adapt: expected real numbers, got complex64$"):
        sb.Normalization.adapt(np.zeros((2, 3), np.complex64))
