import keras
import numpy as np
import pytest
from running import BFLOAT, assert_same_bytes, chain, made, pixels

import samebytes as sb

IMAGES = pixels(4, 9, 12, 3)


@pytest.mark.parametrize("size", [(9, 12), (1, 1), (4, 5), (5, 4), (8, 12), (9, 1)])
def test_values_are_those_of_keras_and_the_dtype_stays(size):
    found = made(chain(IMAGES, sb.CenterCrop(*size)))
    expected = np.asarray(keras.layers.CenterCrop(*size)(IMAGES))
    assert found.dtype == np.uint8  # deliberately: Keras gives float32
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", ["?", ">i4", "f2", BFLOAT, "f8", "c8", "datetime64[s]", "i2,i2"])
def test_every_dtype_that_is_moved_whole(dtype):
    images = np.arange(2 * 5 * 6 * 2).reshape(2, 5, 6, 2)
    images = images.astype(dtype) if dtype != "i2,i2" else images.astype("i4").view("i2,i2")
    images = images[:, :5, :6]
    found = made(chain(images, sb.CenterCrop(3, 2)))
    expected = images[:, 1:4, 2:4]
    assert_same_bytes(found, expected.astype(images.dtype.newbyteorder("=")))


def test_labels_are_untouched():
    x, y = made(chain((IMAGES, np.arange(4)), sb.CenterCrop(2, 2)))
    assert_same_bytes(y, np.arange(4))
    assert_same_bytes(x, IMAGES[:, 3:5, 5:7])


def test_spec_and_text():
    dataset = chain(IMAGES, sb.CenterCrop(np.int64(2), 4)).batch(3)
    assert dataset.element_spec.shape == (None, 2, 4, 3)
    assert dataset.element_spec.dtype == np.uint8
    assert "CenterCrop(2, 4) → uint8 (2, 4, 3)" in str(dataset)


def test_what_cannot_be_cropped_is_refused():
    with pytest.raises(ValueError, match=r"^CenterCrop\(10, 2\) is larger than the images of 9 by"):
        chain(IMAGES, sb.CenterCrop(10, 2))
    with pytest.raises(ValueError, match=r"^CenterCrop\(0, 2\): expected a height and a width of"):
        sb.CenterCrop(0, 2)
    with pytest.raises(TypeError):
        sb.CenterCrop(2.5, 2)
    with pytest.raises(ValueError, match=r"needs samples with the axes height, width, channels"):
        chain(np.zeros((4, 8, 8)), sb.CenterCrop(2, 2))
    with pytest.raises(ValueError, match=r"^CenterCrop works on numbers; items of complex128 can"):
        chain(np.zeros((4, 8, 8, 1), np.complex128), sb.CenterCrop(2, 2))
