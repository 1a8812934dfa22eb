import keras
import numpy as np
import pytest
from running import chain, made, pixels, units_of

import samebytes as sb

IMAGES = pixels(60, 4, 5, 3)


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_values_are_keras_with_what_was_drawn(dtype):
    source = IMAGES.astype(dtype)
    dataset = chain(source, sb.RandomSolarization((0.1, 0.9), 0.2))
    units = units_of(dataset)
    threshold, added = 25.5 + 204 * units[:, 0], 51 * units[:, 1]
    layer = keras.layers.Solarization()
    drawn = {"thresholds": threshold.reshape(-1, 1, 1, 1), "additions": added.reshape(-1, 1, 1, 1)}
    drawn = {name: numbers.astype("float32") for name, numbers in drawn.items()}
    expected = np.asarray(layer.transform_images(source.astype("float32"), drawn))
    np.testing.assert_allclose(made(dataset), expected, atol=1e-3)
    assert threshold.min() < 60
    assert threshold.max() > 200


def test_by_default_everything_is_turned_round():
    np.testing.assert_array_equal(made(chain(IMAGES, sb.RandomSolarization())), 255.0 - IMAGES)


def test_what_is_no_share_is_refused():
    with pytest.raises(ValueError, match=r"^RandomSolarization: threshold_factor \(2, 3\); exp"):
        sb.RandomSolarization((2, 3))
    with pytest.raises(ValueError, match=r"^RandomSolarization: addition_factor -1; expected"):
        sb.RandomSolarization(0.5, -1)
