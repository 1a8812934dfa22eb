"""Matrices of colour: what they keep, and how chains of them compose."""

import colorsys

import numpy as np
import pytest

from samebytes.plan.affine import Affine
from samebytes.plan.colour import LUMA, Colour, grey_blend, hue_rotation

PIXELS = np.random.default_rng(0).random((50, 3))


def test_a_blend_of_nothing_is_grey_and_a_blend_of_all_is_the_image():
    grey = PIXELS @ np.array(LUMA)
    np.testing.assert_allclose(PIXELS @ grey_blend(0.0).T, np.stack([grey] * 3, -1))
    assert (PIXELS @ grey_blend(1.0).T == PIXELS).all()
    # torchvision's _blend: ratio * image + (1 - ratio) * grey
    expected = 1.7 * PIXELS - 0.7 * grey[:, np.newaxis]
    np.testing.assert_allclose(PIXELS @ grey_blend(1.7).T, expected)


@pytest.mark.parametrize("turns", [1 / 3, -1 / 3, 0.5, 0.1])
def test_a_rotation_turns_the_hue_and_keeps_brightness_and_grey(turns):
    turned = PIXELS @ hue_rotation(turns).T
    luma = np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(turned @ luma, PIXELS @ luma, rtol=1e-9)
    np.testing.assert_allclose(np.ones(3) @ hue_rotation(turns).T, np.ones(3), atol=1e-5)
    # In the direction of HSV, which turns by another angle, but by a sixth of the circle at most.
    muted = 0.5 + 0.1 * (PIXELS - 0.5)
    both = zip(muted, muted @ hue_rotation(turns).T, strict=True)
    found = [colorsys.rgb_to_hsv(*new)[0] - colorsys.rgb_to_hsv(*old)[0] for old, new in both]
    off = (np.array(found) - turns + 0.5) % 1 - 0.5
    assert np.abs(off).max() < 1 / 6


def test_a_chain_of_matrices_and_linear_steps_is_one_matrix():
    before, after = Affine.identity(3), Affine.identity(3)
    before.subtract_multiply((100, 110, 120), (0.5, 2, 1))
    before.multiply_add(1, (1, 2, 3))
    colour, rest = Colour.joining(before)
    rest = colour.multiply(hue_rotation(np.array([0.2])), rest)
    rest.multiply_add(3, 7)
    rest = colour.multiply(grey_blend(np.array([0.4])), rest)
    found = (PIXELS - colour.center) @ colour.matrix[0].T
    found = rest.to(found)
    expected = (PIXELS - (100, 110, 120)) * (0.5, 2, 1) + (1, 2, 3)
    expected = (expected @ hue_rotation(0.2).T * 3 + 7) @ grey_blend(0.4).T
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert after.idle.all()
