import keras
import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels
from scipy import stats

import samebytes as sb


def numbered(count, height, width):
    """Images whose pixels say where they are."""
    places = np.arange(height * width, dtype=np.int32).reshape(height, width, 1)
    return np.broadcast_to(places, (count, height, width, 1))


def test_every_value_is_one_of_the_possible_outcomes():
    images = pixels(30, 9, 7, 3)
    found = made(chain(images, sb.RandomCrop(4, 5)))
    assert found.dtype == np.uint8  # deliberately: Keras gives float32
    for image, crop in zip(images, found, strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(image, (4, 5, 3)).reshape(-1, 4, 5, 3)
        assert (windows == crop).all(axis=(1, 2, 3)).any()


def test_every_sample_has_a_place_of_its_own_where_keras_has_one_a_batch():
    images = np.array(numbered(64, 12, 12))
    keras_places = np.asarray(keras.layers.RandomCrop(4, 4, seed=1)(images))[:, 0, 0, 0]
    assert len(np.unique(keras_places)) == 1
    assert len(np.unique(made(chain(images, sb.RandomCrop(4, 4)))[:, 0, 0, 0])) > 30


def test_all_places_are_equally_likely():
    found = made(chain(numbered(20_000, 6, 5), sb.RandomCrop(3, 3)))[:, 0, 0, 0]
    rows, columns = np.divmod(found, 5)
    counts = np.zeros((4, 3))
    np.add.at(counts, (rows, columns), 1)
    assert stats.chisquare(counts.reshape(-1)).pvalue > 1e-3


def test_a_crop_of_the_whole_axis_leaves_it_and_draws_the_other():
    found = made(chain(numbered(200, 4, 9), sb.RandomCrop(4, 3)))[:, 0, 0, 0]
    assert set(found) == set(range(7))  # Keras takes the centre of both then
    images = pixels(3, 4, 4, 1)
    assert_same_bytes(made(chain(images, sb.RandomCrop(4, 4))), images)


def test_several_components_share_one_draw_and_labels_are_untouched():
    images, labels = numbered(50, 9, 9), np.arange(50)
    source = {"image": images, "mask": images.astype(np.float64), "label": labels}
    found = made(chain(source, sb.RandomCrop(4, 4, on=("image", "mask"))))
    np.testing.assert_array_equal(found["image"], found["mask"])
    assert len(np.unique(found["image"][:, 0, 0, 0])) > 10
    assert_same_bytes(found["label"], labels)
    apart = chain(source, sb.RandomCrop(4, 4, on="image"), sb.RandomCrop(4, 4, on="mask"))
    assert (made(apart)["image"] != made(apart)["mask"]).any()


def test_the_draw_is_shared_between_images_of_different_sizes():
    source = {"image": numbered(400, 8, 8), "half": numbered(400, 4, 4)}
    dataset = chain(source, sb.RandomCrop(4, 4, on=("image", "half")))
    assert_same_bytes(made(dataset)["half"], np.array(source["half"]))
    with pytest.raises(ValueError, match=r"^RandomCrop\(5, 5\) is larger than the images of 4 by"):
        chain(source, sb.RandomCrop(5, 5, on=("image", "half")))


def test_spec():
    spec = chain(pixels(4, 9, 9, 2), sb.RandomCrop(3, 5)).batch(2, drop_remainder=True).element_spec
    assert (spec.shape, spec.dtype) == ((2, 3, 5, 2), np.uint8)


def test_smaller_images_are_refused():
    match = r"^RandomCrop\(3, 9\) is larger than the images of 4 by 4; crop less, or resize the im"
    with pytest.raises(ValueError, match=match):
        chain(pixels(2, 4, 4, 1), sb.RandomCrop(3, 9))
    with pytest.raises(ValueError, match=r"^RandomCrop\(-1, 9\): expected a height and a width of"):
        sb.RandomCrop(-1, 9)
