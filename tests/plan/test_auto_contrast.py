import keras
import numpy as np
import pytest
from running import chain, made, pixels

import samebytes as sb

IMAGES = pixels(30, 4, 5, 3) // 3 + np.uint8([10, 20, 30])


def test_values_are_keras():
    expected = np.asarray(keras.layers.AutoContrast()(IMAGES.astype("float32")))
    np.testing.assert_allclose(made(chain(IMAGES, sb.AutoContrast())), expected, atol=1e-3)


def test_a_channel_of_one_value_stays_as_it_is():
    flat = IMAGES.copy()
    flat[..., 1] = 77
    found = made(chain(flat, sb.AutoContrast()))
    assert (found[..., 1] == 77).all()
    assert found[..., 0].max() == 255


def test_it_measures_what_is_there_at_its_place_in_the_chain():
    for steps in [
        (sb.RandomCrop(2, 2), sb.AutoContrast(), sb.Rescaling(2)),
        (sb.RandomHue(0.5), sb.RandomFlip(), sb.AutoContrast(), sb.RandomCrop(2, 2)),
        (sb.ChannelsFirst(), sb.RandomGamma(2), sb.AutoContrast()),
    ]:
        dataset = chain(IMAGES, *steps)
        np.testing.assert_allclose(made(dataset), dataset.reference(range(30)), atol=3e-3)
    assert chain(IMAGES, sb.AutoContrast()).plan.components[0].read_bytes == 2 * 4 * 5 * 3


def test_rows_are_refused():
    with pytest.raises(ValueError, match=r"^AutoContrast needs samples with the axes height"):
        chain(np.zeros((3, 4)), sb.AutoContrast())
