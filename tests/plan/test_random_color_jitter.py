import numpy as np
import pytest
from running import chain, made, pixels, units_of

import samebytes as sb
from samebytes.plan.colour import grey_blend, hue_rotation

IMAGES = pixels(60, 6, 5, 3)


def test_values_are_the_four_in_turn_clipped_once():
    dataset = chain(IMAGES, sb.RandomColorJitter((0, 255), 0.2, (0.3, 0.4), (0.4, 0.6), 0.2))
    units, found = units_of(dataset), made(dataset)
    for image, (light, contrast, colour, turn, side), one in zip(IMAGES, units, found, strict=True):
        expected = image + (2 * light - 1) * 0.2 * 255
        mean = expected.mean((0, 1))
        expected = (expected - mean) * (0.7 + 0.7 * contrast) + mean
        factor = 0.4 + 0.2 * colour
        expected = expected @ grey_blend(factor / (1 - factor)).T
        expected = expected @ hue_rotation(0.1 * turn * (1 if side < 0.5 else -1)).T
        np.testing.assert_allclose(one, expected.clip(0, 255), atol=5e-4)


def test_their_order_changes_nothing_that_can_be_seen():
    jitter = sb.RandomColorJitter((0, 255), 0.1, 0.2, (0.45, 0.55), 0.1)
    dataset = chain(pixels(40, 6, 5, 3) // 4 + 96, jitter)
    units, found = units_of(dataset), made(dataset)
    image, (light, contrast, colour, turn, side) = pixels(40, 6, 5, 3)[0] // 4 + 96, units[0]
    turned = image @ hue_rotation(0.05 * turn * (1 if side < 0.5 else -1)).T
    factor = 0.45 + 0.1 * colour
    turned = turned @ grey_blend(factor / (1 - factor)).T
    mean = turned.mean((0, 1))
    turned = (turned - mean) * (0.8 + 0.4 * contrast) + mean + (2 * light - 1) * 0.1 * 255
    assert np.abs(found[0] - turned).max() < 0.05


def test_one_matrix_does_it_all_and_contrast_alone_reads_twice():
    whole = chain(IMAGES, sb.RandomColorJitter((0, 255), 0.2, 0.3, 0.4, 0.2), sb.Rescaling(2))
    (component,) = whole.plan.components
    assert component.read_bytes == 2 * 6 * 5 * 3
    without = chain(IMAGES, sb.RandomColorJitter(hue_factor=0.2))
    assert without.plan.components[0].read_bytes == 6 * 5 * 3


def test_what_is_left_out_changes_nothing():
    np.testing.assert_allclose(made(chain(IMAGES, sb.RandomColorJitter())), IMAGES)


def test_what_is_no_factor_or_colour_is_refused():
    with pytest.raises(ValueError, match=r"^RandomHue: factor 2"):
        sb.RandomColorJitter(hue_factor=2)
    with pytest.raises(ValueError, match=r"^RandomColorJitter: value_range .* is empty"):
        sb.RandomColorJitter((1, 1))
    with pytest.raises(ValueError, match=r"^RandomColorJitter mixes red, green and blue"):
        chain(pixels(3, 4, 4, 1), sb.RandomColorJitter())
