import keras
import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels, units_of

import samebytes as sb

IMAGES = pixels(200, 3, 4, 3)


def test_chosen_images_are_keras_grey_and_the_others_as_they_were():
    dataset = chain(IMAGES, sb.RandomGrayscale(0.3))
    found, chosen = made(dataset), units_of(dataset)[:, 0] < 0.3
    layer = keras.layers.RandomGrayscale(0.3)
    given = IMAGES.astype("float32")
    expected = np.asarray(layer.transform_images(given, chosen.reshape(-1, 1, 1, 1)))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert_same_bytes(found[~chosen], given[~chosen])
    assert 35 < chosen.sum() < 85


def test_channels_first_and_what_is_written_as_integers():
    dataset = chain(IMAGES, sb.RandomGrayscale(1), sb.ChannelsFirst(), sb.Cast("uint8"))
    assert_same_bytes(made(dataset), dataset.reference(range(200)))


def test_what_is_no_share_or_colour_is_refused():
    with pytest.raises(ValueError, match=r"^RandomGrayscale: factor 1.5; expected a range"):
        sb.RandomGrayscale(1.5)
    with pytest.raises(ValueError, match=r"^RandomGrayscale mixes red, green and blue"):
        chain(pixels(3, 4, 4, 2), sb.RandomGrayscale())
