import keras
import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels, units_of

import samebytes as sb

IMAGES = pixels(40, 4, 5, 3)


@pytest.mark.parametrize(
    ("factor", "value_range"),
    [(0.2, (0, 255)), ((0.1, 0.4), (0, 255)), ((-1, 1), (0, 255)), (0.5, (50, 100))],
)
def test_values_are_keras_formula_with_the_drawn_factor(factor, value_range):
    dataset = chain(IMAGES, sb.RandomBrightness(factor, value_range))
    found = made(dataset)
    lower, upper = factor if isinstance(factor, tuple) else (-factor, factor)
    drawn = lower + (upper - lower) * units_of(dataset)[:, 0]
    layer = keras.layers.RandomBrightness(factor, value_range)
    delta = (drawn * (value_range[1] - value_range[0])).astype(np.float32).reshape(-1, 1, 1, 1)
    # Deliberately in float32: of uint8, Keras 3 gives uint8, with the term cut to an integer.
    expected = layer.transform_images(IMAGES.astype(np.float32), {"rgb_delta": delta})
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.asarray(expected), rtol=2e-7, atol=1e-5)
    assert lower <= drawn.min() < drawn.max() <= upper


def test_a_sample_has_one_term_for_all_channels():
    found = made(chain(np.full((9, 2, 2, 3), 128, np.uint8), sb.RandomBrightness(0.3)))
    assert (found == found[:, :1, :1, :1]).all()
    assert len(np.unique(found)) == 9


def test_rows_are_lit_too_and_labels_are_untouched():
    x, y = made(chain((np.ones((9, 4), "f4"), np.arange(9)), sb.RandomBrightness(0.3, (0, 2))))
    assert len(np.unique(x)) == 9
    assert_same_bytes(y, np.arange(9))


def test_clipping_stays_where_it_stood_in_the_chain():
    dark = chain(IMAGES, sb.RandomBrightness((-0.9, -0.5)), sb.Rescaling(-2, 10))
    found = made(dark)
    assert found.max() == 10  # the 0 it was clipped to
    np.testing.assert_allclose(found, dark.reference(range(40)), rtol=1e-6, atol=1e-4)


def test_spec():
    spec = chain(IMAGES, sb.RandomBrightness(0.1)).element_spec
    assert (spec.shape, spec.dtype) == ((4, 5, 3), np.float32)
    assert sb.RandomBrightness(0.1) == sb.RandomBrightness([-0.1, 0.1], [0, 255])


def test_what_is_no_factor_or_range_is_refused():
    for factor in (1.5, (0.5, 0.1), (-2, 0), np.nan):
        with pytest.raises(ValueError, match=r"^RandomBrightness: factor .* is no pair"):
            sb.RandomBrightness(factor)
    for value_range in ((1, 1), (2, 1), (0, np.inf)):
        with pytest.raises(ValueError, match=r"^RandomBrightness: value_range .* is empty"):
            sb.RandomBrightness(0.1, value_range)
