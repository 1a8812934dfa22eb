import keras
import numpy as np
import pytest
import tensorflow as tf
from running import assert_same_bytes, chain, made, pixels

import samebytes as sb

IMAGES = pixels(3, 37, 52, 3)
SIZES = [(20, 30), (60, 80), (37, 52), (11, 90), (1, 1)]


@pytest.mark.parametrize("size", SIZES)
def test_bilinear_is_keras_layer(size):
    # Deliberately of float32: of uint8, Keras gives uint8, rounded.
    expected = np.asarray(keras.layers.Resizing(*size)(IMAGES.astype("f4")))
    found = made(chain(IMAGES, sb.Resizing(*size)))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("size", SIZES)
def test_nearest_is_keras_layer_and_keeps_the_dtype(size):
    expected = np.asarray(keras.layers.Resizing(*size, interpolation="nearest")(IMAGES))
    assert_same_bytes(made(chain(IMAGES, sb.Resizing(*size, "nearest"))), expected.astype("u1"))


@pytest.mark.parametrize("size", [(20, 30), (60, 80), (11, 90)])
def test_antialias_is_tensorflows(size):
    expected = tf.image.resize(IMAGES, size, antialias=True).numpy()
    np.testing.assert_allclose(
        made(chain(IMAGES, sb.Resizing(*size, antialias=True))), expected, atol=5e-3
    )


@pytest.mark.parametrize("way", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
@pytest.mark.parametrize("size", [(20, 30), (30, 20), (64, 31)])
def test_shapes_are_kept_as_keras_keeps_them(way, size):
    layer = keras.layers.Resizing(*size, **{way: True})
    found = made(chain(IMAGES, sb.Resizing(*size, **{way: True})))
    np.testing.assert_allclose(found, np.asarray(layer(IMAGES.astype("f4"))), atol=2e-3)


def test_margins_have_the_value():
    found = made(chain(IMAGES, sb.Resizing(60, 30, pad_to_aspect_ratio=True, fill_value=(1, 2, 3))))
    np.testing.assert_array_equal(found[:, 0, 0], [[1, 2, 3]] * 3)


def test_a_margin_covers_what_a_crop_cut_off():
    steps = sb.CenterCrop(9, 40), sb.Resizing(40, 40, pad_to_aspect_ratio=True)
    found = made(chain(np.full_like(IMAGES, 9), *steps))
    assert found[:, 0].max() == 0
    assert found[:, 20].min() == 9


def test_constant_images_stay_constant():
    flat = np.full((1, 33, 47, 5), 200, np.uint8)
    for interpolation in ("nearest", "bilinear", "bicubic"):
        for antialias in (False, True):
            found = made(chain(flat, sb.Resizing(9, 101, interpolation, antialias)))
            np.testing.assert_allclose(found, 200, rtol=1e-6)


def test_masks_of_large_labels_are_exact_by_nearest():
    labels = np.arange(2**40, 2**40 + 30, dtype=np.int64).reshape(1, 5, 6, 1)
    found = made(chain(labels, sb.Resizing(10, 12, "nearest")))
    assert_same_bytes(found, labels.repeat(2, 1).repeat(2, 2))


def test_what_is_no_size_or_shape_is_refused():
    with pytest.raises(ValueError, match=r"^Resizing\(0, 4\): expected a height"):
        sb.Resizing(0, 4)
    with pytest.raises(ValueError, match=r"expected one of crop_to_aspect_ratio and pad"):
        sb.Resizing(4, 4, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)
    with pytest.raises(ValueError, match=r"Resizing needs samples with the axes height, width"):
        chain(np.zeros((4, 5), "f4"), sb.Resizing(2, 2)).batch(2).element_spec  # noqa: B018
    with pytest.raises(ValueError, match=r"Resizing: fill_value 300.0 is no value of uint8"):
        chain(IMAGES, sb.Resizing(5, 5, pad_to_aspect_ratio=True, fill_value=300)).element_spec  # noqa: B018
