import keras
import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels, units_of

import samebytes as sb

IMAGES = pixels(40, 4, 5, 3)


@pytest.mark.parametrize(
    ("factor", "value_range"),
    [(0.2, (0, 255)), ((0.1, 0.4), (0, 255)), ((1, 1), (0, 255)), ((0.5, 9), (50, 100))],
)
def test_values_are_keras_formula_with_the_drawn_factor(factor, value_range):
    dataset = chain(IMAGES, sb.RandomContrast(factor, value_range))
    found = made(dataset)
    lower, upper = factor if isinstance(factor, tuple) else (factor, factor)
    drawn = 1 - lower + (lower + upper) * units_of(dataset)[:, 0]
    layer = keras.layers.RandomContrast(0.5, value_range)
    transformation = {"contrast_factor": drawn.astype(np.float32).reshape(-1, 1, 1, 1)}
    expected = np.asarray(layer.transform_images(IMAGES.astype(np.float32), transformation))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=2e-4 * upper + 1e-4)
    assert 1 - lower <= drawn.min() < drawn.max() <= 1 + upper


def test_one_number_means_both_sides_where_keras_draws_only_upwards():
    assert keras.layers.RandomContrast(0.3).factor == (0, 0.3)  # against its documentation
    assert sb.RandomContrast(0.3).factor == (0.3, 0.3)


def test_each_channel_keeps_its_mean():
    found = made(chain(pixels(9, 8, 8, 3) // 4 + 96, sb.RandomContrast(0.5)))
    means = (pixels(9, 8, 8, 3) // 4 + 96).mean(axis=(1, 2))
    np.testing.assert_allclose(found.mean(axis=(1, 2)), means, rtol=1e-5)


def test_the_mean_is_of_what_is_there_at_its_place_in_the_chain():
    for chosen in [
        (sb.RandomCrop(2, 3), sb.RandomContrast(0.5)),
        (sb.RandomContrast(0.5), sb.RandomCrop(2, 3)),
        (sb.Rescaling(-1, 255), sb.RandomBrightness(0.5), sb.RandomFlip(), sb.RandomContrast(1)),
        (sb.RandomContrast(0.5), sb.RandomContrast(0.5)),
        (sb.ChannelsFirst(), sb.RandomContrast(0.5), sb.RandomCrop(3, 3)),
    ]:
        dataset = chain(IMAGES, *chosen)
        np.testing.assert_allclose(made(dataset), dataset.reference(range(40)), atol=2e-4)


def test_labels_are_untouched_and_the_second_reading_is_told():
    dataset = chain((IMAGES, np.arange(40)), sb.RandomContrast(0.5), sb.CenterCrop(2, 2))
    assert_same_bytes(made(dataset)[1], np.arange(40))
    # The whole image for the mean, and the crop.
    assert dataset.plan.components[0].read_bytes == 4 * 5 * 3 + 2 * 2 * 3


def test_spec():
    spec = chain(IMAGES, sb.RandomContrast(0.1)).element_spec
    assert (spec.shape, spec.dtype) == ((4, 5, 3), np.float32)


def test_what_is_no_factor_or_range_is_refused():
    for factor in (1.5, -0.1, (0.5, -0.1), (0, np.inf), np.nan):
        with pytest.raises(ValueError, match=r"^RandomContrast: factor .*; expected 0 <= lower"):
            sb.RandomContrast(factor)
    with pytest.raises(ValueError, match=r"^RandomContrast: value_range .* is empty"):
        sb.RandomContrast(0.1, (3, 2))
    with pytest.raises(ValueError, match=r"^RandomContrast needs samples with the axes height"):
        chain(np.zeros((3, 4)), sb.RandomContrast(0.1))
