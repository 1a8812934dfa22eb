import numpy as np
import pytest
from running import chain, made, pixels, units_of

import samebytes as sb
from samebytes.plan.colour import hue_rotation

IMAGES = pixels(200, 3, 4, 3)


def test_values_are_the_rotation_that_was_drawn():
    dataset = chain(IMAGES, sb.RandomHue((0.1, 0.6)))
    units = units_of(dataset)
    turns = (0.1 + 0.5 * units[:, 0]) / 2 * np.where(units[:, 1] < 0.5, 1, -1)
    expected = np.einsum("ncd,nhwd->nhwc", hue_rotation(turns), IMAGES).clip(0, 255)
    np.testing.assert_allclose(made(dataset), expected, atol=2e-4)
    assert 70 < (turns > 0).sum() < 130
    assert np.abs(turns).min() < 0.07
    assert np.abs(turns).max() > 0.28


def test_grey_stays_grey_and_nothing_turns_by_nothing():
    grey = np.repeat(IMAGES[..., :1], 3, -1)
    np.testing.assert_allclose(made(chain(grey, sb.RandomHue(1))), grey, atol=2e-3)
    np.testing.assert_allclose(made(chain(IMAGES, sb.RandomHue(0))), IMAGES, atol=1e-4)


def test_what_is_no_factor_or_colour_is_refused():
    with pytest.raises(ValueError, match=r"^RandomHue: factor 2; expected a range with 0 <="):
        sb.RandomHue(2)
    with pytest.raises(ValueError, match=r"^RandomHue mixes red, green and blue.*got 1, of"):
        chain(pixels(3, 4, 4, 1), sb.RandomHue(0.1))
