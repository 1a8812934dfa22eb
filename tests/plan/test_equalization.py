import keras
import numpy as np
import pytest
from running import chain, made, pixels

import samebytes as sb

IMAGES = pixels(20, 14, 15, 3) // 3


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_values_are_keras(dtype):
    layer = keras.layers.Equalization()
    expected = [np.asarray(layer(image[np.newaxis].astype("float32")))[0] for image in IMAGES]
    found = made(chain(IMAGES.astype(dtype), sb.Equalization()))
    np.testing.assert_allclose(found, np.stack(expected), atol=1e-3)
    assert found.max() == 255


def test_a_channel_of_one_value_stays_as_it_is():
    flat = IMAGES.copy()
    flat[..., 1] = 77
    assert (made(chain(flat, sb.Equalization()))[..., 1] == 77).all()


def test_it_measures_what_is_there_at_its_place_in_the_chain():
    for steps in [
        (sb.RandomCrop(9, 8), sb.Equalization(), sb.Rescaling(2)),
        (sb.Equalization(), sb.RandomCrop(9, 8), sb.AutoContrast()),
        (sb.ChannelsFirst(), sb.RandomGamma((2, 2)), sb.Equalization(), sb.Lookup(np.sqrt)),
    ]:
        dataset = chain(IMAGES, *steps)
        np.testing.assert_allclose(made(dataset), dataset.reference(range(20)), atol=3e-3)


def test_a_range_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"^Equalization: value_range .* is empty"):
        sb.Equalization((3, 3))
