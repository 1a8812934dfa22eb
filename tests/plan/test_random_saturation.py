import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels, units_of

import samebytes as sb

IMAGES = pixels(40, 4, 5, 3)


def test_values_are_torchvisions_blend_with_the_drawn_share():
    dataset = chain(IMAGES, sb.RandomSaturation((0.2, 0.7)))
    factor = 0.2 + 0.5 * units_of(dataset)[:, 0]
    share = (factor / (1 - factor)).reshape(-1, 1, 1, 1)
    grey = (IMAGES * (0.2989, 0.587, 0.114)).sum(-1, keepdims=True)
    expected = np.clip(share * IMAGES + (1 - share) * grey, 0, 255)
    np.testing.assert_allclose(made(dataset), expected, atol=1e-4)
    assert share.min() < 0.4
    assert share.max() > 2


def test_the_ends_of_the_range_are_grey_and_the_image():
    grey = made(chain(IMAGES, sb.RandomSaturation((0, 0))))
    assert (grey == grey[..., :1]).all()
    same = made(chain(IMAGES, sb.RandomSaturation((0.5, 0.5))))
    assert_same_bytes(same, IMAGES.astype("float32"))
    most = made(chain(IMAGES, sb.RandomSaturation((1, 1))))
    assert np.isfinite(most).all()


def test_without_a_range_nothing_is_clipped():
    assert made(chain(IMAGES, sb.RandomSaturation((0.7, 0.7)))).max() == 255
    assert made(chain(IMAGES, sb.RandomSaturation((0.7, 0.7), None))).max() > 255


def test_what_is_no_factor_range_or_colour_is_refused():
    for factor in (-0.1, 1.5, (0.5, 0.2), "x"):
        with pytest.raises(ValueError, match=r"^RandomSaturation: factor .*expected"):
            sb.RandomSaturation(factor)
    with pytest.raises(ValueError, match=r"^RandomSaturation: value_range .* is empty"):
        sb.RandomSaturation(0.1, (3, 3))
    with pytest.raises(ValueError, match=r"needs images of 3 channels; got 4, of the shape \(4"):
        chain(pixels(3, 4, 4, 4), sb.RandomSaturation(0.1))
    with pytest.raises(ValueError, match=r"^RandomSaturation needs samples with the axes height"):
        chain(np.zeros((3, 4)), sb.RandomSaturation(0.1))
