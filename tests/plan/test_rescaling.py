import keras
import numpy as np
import pytest
from running import BFLOAT, assert_same_bytes, assert_within, chain, made, pixels

import samebytes as sb

IMAGES = pixels(5, 8, 6, 3)


@pytest.mark.parametrize(
    ("scale", "offset"),
    [(1 / 255, 0), (2, -1), ((0.5, 1, 2), 0.25), (1 / 127.5, (-1, 0, 1)), (0, 3), (-1, 255)],
)
def test_values_are_those_of_keras(scale, offset):
    found = made(chain(IMAGES, sb.Rescaling(scale, offset)))
    expected = np.asarray(keras.layers.Rescaling(scale, offset)(IMAGES))
    assert found.dtype == expected.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=3e-7, atol=3e-7)
    if np.ndim(scale) == np.ndim(offset) == 0:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", ["uint8", ">u2", "float16", BFLOAT, "bool", "float64"])
def test_the_result_is_float32_whatever_comes(dtype):
    found = made(chain(pixels(4, 3, 2, 1, dtype=dtype), sb.Rescaling(0.5, 1)))
    exact = pixels(4, 3, 2, 1, dtype=dtype).astype(np.float64) * 0.5 + 1
    assert found.dtype == np.float32
    assert_within(found, exact, 5 * 2.0**-24 * 300)


def test_rows_of_any_rank_have_their_factors_along_the_last_axis():
    for shape in [(7,), (7, 4), (7, 2, 4), (7, 2, 3, 2, 4)]:
        rows = pixels(*shape, dtype="float32")
        factors = tuple(range(1, 5)) if len(shape) > 1 else 3
        found = made(chain(rows, sb.Rescaling(factors, 1)))
        assert found.dtype == np.float32
        expected = rows.astype(np.float64) * factors + 1
        np.testing.assert_array_max_ulp(found, expected.astype(np.float32), 2)
        assert_same_bytes(made(chain(rows, sb.Rescaling(factors))), rows * np.float32(factors))
    assert made(chain(np.zeros((3, 0), "f4"), sb.Rescaling(2))).shape == (3, 0)


def test_the_first_images_are_meant_and_labels_are_untouched():
    labels = np.arange(5)
    y, x = made(chain((labels, IMAGES), sb.Rescaling(2)))
    assert_same_bytes(y, labels)
    np.testing.assert_array_equal(x, IMAGES * np.float32(2))
    y, x = made(chain((labels, IMAGES), sb.Rescaling(2, on=0)))
    assert (y.dtype, x.dtype) == (np.float32, np.uint8)


def test_spec_and_text():
    dataset = chain(IMAGES, sb.Rescaling([1, 2, 3]))
    assert dataset.element_spec.shape == (8, 6, 3)
    assert dataset.element_spec.dtype == np.float32
    assert sb.Rescaling([1, 2, 3]) == sb.Rescaling(np.array([1.0, 2, 3]))
    assert hash(sb.Rescaling([1, 2])) == hash(sb.Rescaling((1.0, 2.0)))


def test_what_is_no_factor_is_refused():
    for scale in (np.nan, np.inf, [[1, 2]], []):
        with pytest.raises(ValueError, match=r"^Rescaling: scale must be a finite number, or one"):
            sb.Rescaling(scale)
    with pytest.raises(ValueError, match=r"^Rescaling has 2 values of offset for 3 channels$"):
        chain(IMAGES, sb.Rescaling(1, (1, 2)))
    with pytest.raises(ValueError, match=r"2 values of scale for 4 values along the last axis$"):
        chain(np.zeros((3, 4)), sb.Rescaling((1, 2)))
    with pytest.raises(ValueError, match=r"1 values of scale for 3 channels$"):
        chain(IMAGES, sb.Rescaling((1,)))
    for dtype in ("complex64", "S3", "datetime64[s]", np.longdouble):
        with pytest.raises(ValueError, match=r"^Rescaling calculates with real numbers; got"):
            chain(np.zeros((2, 3), dtype), sb.Rescaling(2))
