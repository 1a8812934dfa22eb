import keras
import numpy as np
import pytest
from running import chain, made, pixels, units_of

import samebytes as sb

IMAGES = pixels(200, 4, 5, 3)


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_values_are_keras_with_the_bits_that_were_drawn(dtype):
    dataset = chain(IMAGES.astype(dtype), sb.RandomPosterization((2, 5)))
    bits = 2 + (units_of(dataset)[:, 0] * 4).astype(int)
    layer = keras.layers.RandomPosterization(5)
    drawn = {"shift_factor": (8 - bits).astype("uint8")}
    expected = np.asarray(layer.transform_images(IMAGES.astype("float32"), drawn))
    np.testing.assert_allclose(made(dataset), expected, atol=1e-4)
    assert np.bincount(bits)[2:].min() > 25
    assert set(np.unique(bits)) == {2, 3, 4, 5}


def test_a_value_hardly_below_a_level_counts_as_that():
    almost = np.full((1, 1, 1, 1), np.nextafter(np.float32(128), np.float32(0)))
    assert made(chain(almost, sb.RandomPosterization((1, 1)))).item() == 128
    assert made(chain(almost * np.nan, sb.RandomPosterization((1, 1)))).item() == 0


def test_what_is_no_number_of_bits_is_refused():
    for factor in (0, 9, (5, 3), (1, 2.5), "x"):
        with pytest.raises(ValueError, match=r"^RandomPosterization: factor .*numbers of bits"):
            sb.RandomPosterization(factor)
